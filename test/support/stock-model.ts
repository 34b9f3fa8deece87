import type { MovementInput } from "../../durable-objects/supplier-ledger/commands/movements.ts"
import type { LotStatus } from "../../src/domains/lots/rules.ts"
import type { OrderStatus, SettableOrderStatus, Side } from "../../src/domains/orders/rules.ts"
import type { MovementId, OrderId, OrderLineId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { day } from "../../src/kernel/time.ts"
import { orderMoves } from "./ledger-model.ts"

/** When every history begins; days below are counted from it. */
export const dawn = Date.parse("2030-05-10T06:00:00Z")
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
export const lotNumbers = ["", "A", "B", "C"] as const

/** The first two products have stock, by the piece and by weight; 2 is a kit of both, and 3 a kit of that kit and of what is in it. */
export const leaves = [0, 1] as const
export const recipes: Readonly<Record<number, Readonly<Record<number, number>>>> = { 2: { 0: 2, 1: 0.5 }, 3: { 2: 1, 0: 1 } }
/** What comes into a kit, and out of it again, as time goes by. */
export const extended = { kit: 3, part: 1, parts: { 1: 1 } } as const

export type Row = {
  readonly type: MovementInput["type"]
  readonly product: number
  readonly place: number
  readonly to: number
  /** Quarters of a unit. */
  readonly quarters: number
  readonly lot: number
  readonly expiresInDays: number | undefined
  readonly viaTransit: boolean
  readonly receives: number | undefined
  readonly corrects: number | undefined
  /** Whether it is made to fit what there is: left to chance, little would ever go out. */
  readonly isAimed: boolean
}

export type Taken = { readonly cell: string; readonly milli: number; readonly pieces: number }
/** Promised to an order, or as a piece of its own. */
type Held = { readonly cell: string; readonly milli: number; readonly until: number; readonly order: OrderId | undefined }
type Lot = { readonly product: number; readonly number: string; readonly expiresOn: string | null; status: LotStatus }

type Transit = { readonly id: MovementId; readonly product: number; readonly lot: number; readonly to: number; left: number }
type Stated = {
  readonly id: MovementId
  readonly product: number
  readonly places: readonly number[]
  readonly lot: number
  isCorrected: boolean
}

/** So much of a product, which is named by its number. */
export type Goods = { readonly product: number; readonly milli: number }
/** What a supplier offers of a line instead of what was ordered; of another product, where it says which. */
export type Offer = { readonly milli: number; readonly substitute: number | undefined }
export type Deal = { readonly by: Side; readonly status: SettableOrderStatus; readonly offers?: readonly Offer[] }
/** OK or the code, and what it takes from stock or promises of it. */
type Verdict = { readonly code: string; readonly takes?: readonly Goods[]; readonly promises?: readonly Goods[] }

export type StockOrder = {
  readonly id: OrderId
  readonly lineIds: readonly OrderLineId[]
  lines: readonly Goods[]
  status: OrderStatus
  /** What waits for the buyer's word, and until when. */
  offered: readonly Goods[] | undefined
  answerBy: number
  sent: number
  taken: readonly Taken[]
}

/** What the stockroom should hold, in memory and by its own words: a cell is `product place lot`, all by number. */
export class StockModel {
  now = dawn
  onHand = new Map<string, number>()
  lots = new Map<string, Lot>()
  transits: Transit[] = []
  stated: Stated[] = []
  readonly units = new Map<string, { available: number; reserved: number }>()
  readonly orders: StockOrder[] = []
  holds: Held[] = []
  readonly minimums = new Map<string, { min: number; isLow: boolean }>()
  lowTold = 0
  /** Whether a kit has its further component by now. */
  isExtended = false

  /** Places are the default one, another, one of quarantine, and 3 is the way between them. */
  static readonly transit = 3

  /** What movements change, to go back to where a batch is refused. */
  get mark(): () => void {
    const { onHand, lots, transits, stated } = this
    const kept = structuredClone({ onHand, lots, transits, stated })
    return () => Object.assign(this, kept)
  }

  at = (cell: string): number => this.onHand.get(cell) ?? 0
  /** `but` leaves out what is promised to that order. */
  reserved = (cell: string, but?: OrderId): number =>
    this.holds.filter((one) => one.cell === cell && (but === undefined || one.order !== but)).reduce((sum, { milli }) => sum + milli, 0)
  free = (cell: string, but?: OrderId): number => this.at(cell) - this.reserved(cell, but)
  pieces = (cell: string) => this.units.get(cell) ?? { available: 0, reserved: 0 }

  freeLoose(cell: string): number {
    const { available, reserved } = this.pieces(cell)
    return Math.min(this.free(cell), this.at(cell) - (available + reserved) * 1_000)
  }

  add(cell: string, milli: number): void {
    this.onHand.set(cell, this.at(cell) + milli)
  }

  isSellable(cell: string): boolean {
    const [product = "", place, number = ""] = cell.split(" ")
    const lot = this.lots.get(`${product} ${number}`)
    if (place === "2" || place === "3") return false
    return number === "0" || (lot?.status === "ACTIVE" && (lot.expiresOn === null || lot.expiresOn >= dayOf(this.now)))
  }

  expiryOf(cell: string): string {
    const [product = "", , number = ""] = cell.split(" ")
    return this.lots.get(`${product} ${number}`)?.expiresOn ?? "9999"
  }

  sellable(product: number, but?: OrderId): string[] {
    return [...this.onHand.keys()].filter((cell) => cell.startsWith(`${product} `) && this.free(cell, but) > 0 && this.isSellable(cell))
  }

  total = (product: number, place?: number): number =>
    [...this.onHand]
      .filter(([cell]) => cell.startsWith(place === undefined ? `${product} ` : `${product} ${place} `))
      .reduce((sum, [, milli]) => sum + milli, 0)

  /** What of each product that has stock is in these goods: every way down is followed by itself. */
  leavesOf(goods: readonly Goods[]): Map<number, number> {
    const sums = new Map<number, number>()
    const visit = (product: number, milli: number): void => {
      const parts = this.#partsOf(product)
      if (parts.length === 0) sums.set(product, (sums.get(product) ?? 0) + milli)
      for (const [part, count] of parts) visit(part, milli * count)
    }
    for (const { product, milli } of goods) if (milli > 0) visit(product, milli)
    return sums
  }

  #partsOf(product: number): ReadonlyArray<readonly [part: number, count: number]> {
    const parts = { ...recipes[product], ...(product === extended.kit && this.isExtended ? extended.parts : {}) }
    return Object.entries(parts).map(([part, count]) => [Number(part), count])
  }

  /** How many of a kit, whole, all that is on hand is enough for. */
  #buildable(product: number): number {
    const enoughFor = [...this.leavesOf([{ product, milli: 1_000 }])].map(([leaf, milli]) => Math.floor(this.total(leaf) / milli))
    return Math.min(...enoughFor) * 1_000
  }

  /** What becomes of a move; stock is looked at as it is when nothing is promised to this order. */
  judge(order: StockOrder, { by, status, offers }: Deal): Verdict {
    if (by === "buyer" && status === "ACCEPTED" && order.status === "PENDING") return { code: "FORBIDDEN" }
    if (!(orderMoves[by][order.status] ?? []).includes(status)) return { code: "INVALID_TRANSITION" }
    if (status === "IN_DELIVERY" && order.sent >= limits.orderDeliveriesMax) return { code: "CONFLICT" }
    if (status !== "ACCEPTED") return { code: "OK" }
    if (order.offered !== undefined)
      return this.now >= order.answerBy ? { code: "INVALID_TRANSITION" } : this.#supply(order, { takes: order.offered })
    const offered = order.lines.map((line, index) => offeredOf(line, offers?.[index]))
    if (offered.includes(undefined)) return { code: "VALIDATION_FAILED" }
    const goods = offered.flatMap((one) => one ?? [])
    if (goods.every(({ product, milli }, index) => product === order.lines[index]?.product && milli === order.lines[index]?.milli))
      return this.#supply(order, { takes: order.lines })
    return goods.every(({ milli }) => milli === 0) ? { code: "VALIDATION_FAILED" } : this.#supply(order, { promises: goods })
  }

  /** INV-STK-2, INV-ORD-9: all of it is free, kits and single products together, or nothing is given. */
  #supply({ id }: StockOrder, wish: Omit<Verdict, "code">): Verdict {
    const needs = [...this.leavesOf(wish.takes ?? wish.promises ?? [])]
    const isShort = needs.some(([leaf, milli]) => milli > this.sellable(leaf, id).reduce((sum, cell) => sum + this.free(cell, id), 0))
    return isShort ? { code: "STOCK_INSUFFICIENT" } : { code: "OK", ...wish }
  }

  /** Nothing is promised to an order any more. */
  letGo({ id }: StockOrder): void {
    this.holds = this.holds.filter(({ order }) => order !== id)
  }

  /** INV-STK-3: what it took is back in the very cells, and the very pieces with it. */
  callOff(order: StockOrder): void {
    this.letGo(order)
    for (const taken of order.taken) this.#giveBack(taken)
    order.status = "CANCELLED"
    order.offered = undefined
    order.taken = []
  }

  /** The row made to fit what there is, where it wants to and something is there. */
  aim(one: Row): Row {
    if (!one.isAimed) return one
    const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)]
    const whole = (product: number, asked: number): number => (product === 0 ? Math.round(asked / 4) * 4 : asked)
    if (one.receives !== undefined) {
      const open = pick(
        this.transits.filter(({ left }) => left > 0),
        one.receives,
      )
      if (open === undefined) return one
      const asked = Math.min(open.left / 250, whole(open.product, Math.max(4, Math.abs(one.quarters))))
      return { ...one, receives: this.transits.indexOf(open), product: open.product, quarters: asked }
    }
    if (one.corrects !== undefined) {
      const wrong = pick(
        this.stated.filter(({ isCorrected, places }) => !isCorrected && places.some((place) => place !== StockModel.transit)),
        one.corrects,
      )
      if (wrong === undefined) return one
      const place = wrong.places.find((where) => where !== StockModel.transit) ?? 0
      const quarters = whole(wrong.product, one.quarters) || 4
      return { ...one, corrects: this.stated.indexOf(wrong), product: wrong.product, place, lot: wrong.lot, quarters }
    }
    const viaTransit = one.viaTransit && one.type === "TRANSFER"
    if (one.type === "IN")
      return {
        ...one,
        viaTransit,
        expiresInDays: one.lot === 0 ? undefined : one.expiresInDays,
        quarters: whole(one.product, one.quarters),
      }
    const cells = [...this.onHand].filter(([cell, milli]) => milli > 0 && !cell.includes(` ${StockModel.transit} `))
    const [cell] = pick(cells, one.product + one.place * 2 + one.lot * 6) ?? []
    if (cell === undefined) return one
    const [product, place, lot] = cell.split(" ").map(Number) as [number, number, number]
    const quarters = whole(product, one.quarters) || 4
    const to = one.to === place ? (place + 1) % 3 : one.to
    return { ...one, product, place, lot, quarters, to, viaTransit, expiresInDays: undefined }
  }

  /** OK or the code, of one row after those before it; a row that goes well has happened. `made` says which movement it became. */
  record(given: Row): { readonly code: string; readonly happen: (id: MovementId) => void } {
    const no = (code: string) => ({ code, happen: () => undefined })
    const { type, product, place, quarters: asked, lot } = given
    const milli = asked * 250
    if (milli === 0 || (milli < 0 && type !== "ADJUSTMENT")) return no("VALIDATION_FAILED")
    if (product === 0 && milli % 1_000 !== 0) return no("OFF_STEP")
    const transit = given.receives === undefined ? undefined : this.transits[given.receives % Math.max(1, this.transits.length)]
    if (given.receives !== undefined) {
      if (transit === undefined || transit.product !== product) return no("VALIDATION_FAILED")
      if (milli > transit.left) return no("STOCK_INSUFFICIENT")
    }
    const from = transit === undefined ? place : StockModel.transit
    if (type !== "TRANSFER" && given.viaTransit) return no("VALIDATION_FAILED")
    const goal = type === "TRANSFER" ? given.to : undefined
    if (goal === from) return no("VALIDATION_FAILED")
    const ofLot = transit?.lot ?? lot
    const known = this.lots.get(`${product} ${ofLot}`)
    const expiresOn = given.expiresInDays === undefined ? undefined : dayOf(dawn + given.expiresInDays * day)
    if (ofLot === 0 && expiresOn !== undefined) return no("VALIDATION_FAILED")
    if (ofLot !== 0 && transit === undefined) {
      if (known === undefined && type !== "IN") return no("VALIDATION_FAILED")
      if (known !== undefined && expiresOn !== undefined && known.expiresOn !== expiresOn) return no("VALIDATION_FAILED")
      if (known?.status === "RECALLED" && type === "IN") return no("CONFLICT")
    }
    const wrong = given.corrects === undefined ? undefined : this.stated[given.corrects % Math.max(1, this.stated.length)]
    if (given.corrects !== undefined) {
      if (wrong === undefined || wrong.product !== product || !wrong.places.includes(from) || wrong.lot !== ofLot)
        return no("VALIDATION_FAILED")
      if (wrong.isCorrected) return no("CONFLICT")
    }
    const cell = `${product} ${from} ${ofLot}`
    const change = type === "OUT" || type === "TRANSFER" ? -milli : milli
    if (change < 0 && this.freeLoose(cell) < -change) return no("STOCK_INSUFFICIENT")

    if (ofLot !== 0 && known === undefined)
      this.lots.set(`${product} ${ofLot}`, { product, number: lotNumbers[ofLot] ?? "", expiresOn: expiresOn ?? null, status: "ACTIVE" })
    this.add(cell, change)
    const to = goal !== undefined && given.viaTransit ? StockModel.transit : goal
    if (to !== undefined) this.add(`${product} ${to} ${ofLot}`, -change)
    if (transit !== undefined) transit.left -= milli
    if (wrong !== undefined) wrong.isCorrected = true
    return {
      code: "OK",
      happen: (id) => {
        this.stated.push({ id, product, places: to === undefined ? [from] : [from, to], lot: ofLot, isCorrected: false })
        if (goal !== undefined && given.viaTransit) this.transits.push({ id, product, lot: ofLot, to: goal, left: milli })
      },
    }
  }

  take(cell: string, milli: number): Taken {
    const { available, reserved } = this.pieces(cell)
    const loose = this.at(cell) - (available + reserved) * 1_000
    const pieces = Math.ceil(Math.max(0, milli - Math.max(0, loose)) / 1_000)
    this.add(cell, -milli)
    this.units.set(cell, { available: available - pieces, reserved })
    return { cell, milli, pieces }
  }

  #giveBack({ cell, milli, pieces }: Taken): void {
    this.add(cell, milli)
    const { available, reserved } = this.pieces(cell)
    this.units.set(cell, { available: available + pieces, reserved })
  }

  /** The alarm: what ends by now ends, what waited too long for its buyer is off, and of lots out of date nothing is promised. */
  pass(): void {
    for (const order of this.orders) if (order.offered !== undefined && order.answerBy <= this.now) this.callOff(order)
    const isOver = ({ cell, until: at }: Held) => at <= this.now || this.expiryOf(cell) < dayOf(this.now)
    this.#end(isOver)
  }

  /** INV-LOT-4: of what is held back nothing stays promised. */
  setLot(lot: Lot, status: LotStatus): void {
    lot.status = status
    const number = lotNumbers.indexOf(lot.number as "A")
    if (status !== "ACTIVE") this.#end(({ cell }) => cell.startsWith(`${lot.product} `) && cell.endsWith(` ${number}`))
  }

  #end(isOver: (held: Held) => boolean): void {
    for (const { cell, order } of this.holds.filter(isOver)) if (order === undefined) this.#setFree(cell, 1)
    this.holds = this.holds.filter((one) => !isOver(one))
  }

  /** Moves pieces of a cell between those for sale and those reserved. */
  #setFree(cell: string, count: number): void {
    const { available, reserved } = this.pieces(cell)
    this.units.set(cell, { available: available + count, reserved: reserved - count })
  }

  /** What is promised, to an order or as a piece of its own. */
  hold(held: Held): void {
    this.holds.push(held)
    if (held.order === undefined) this.#setFree(held.cell, -1)
  }

  /** Looks at all minimums, as at a command's end. */
  settle(): void {
    for (const [key, minimum] of this.minimums) {
      const [product = "", place = ""] = key.split(" ")
      const isKit = place === "" && this.#partsOf(Number(product)).length > 0
      const onHand = isKit ? this.#buildable(Number(product)) : this.total(Number(product), place === "" ? undefined : Number(place))
      const isLow = onHand < minimum.min
      if (isLow && !minimum.isLow) this.lowTold += 1
      minimum.isLow = isLow
    }
  }
}

/** Less of a line, or another product; undefined where that is none. */
function offeredOf(line: Goods, offer: Offer | undefined): Goods | undefined {
  if (offer === undefined) return line
  const { substitute = line.product, milli } = offer
  if (substitute === line.product) return milli > line.milli ? undefined : { ...line, milli }
  return milli === 0 ? undefined : { product: substitute, milli }
}
