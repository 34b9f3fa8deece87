import fc from "fast-check"
import { expect } from "vitest"
import type { MovementInput, RecordMovements } from "../../durable-objects/supplier-ledger/commands/movements.ts"
import type { LedgerWork } from "../../durable-objects/supplier-ledger/work.ts"
import { allocate, type Cell } from "../../src/domains/inventory/rules.ts"
import type { LotStatus } from "../../src/domains/lots/rules.ts"
import type { LocationId, MovementId, OrderId, OrderLineId, ProductId } from "../../src/kernel/ids.ts"
import type { Refusal, Result } from "../../src/kernel/result.ts"
import { day, hour } from "../../src/kernel/time.ts"
import { receiveUnit, setLot } from "./stock.ts"

/** When every history begins; days below are counted from it. */
export const dawn = Date.parse("2030-05-10T06:00:00Z")
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const lotNumbers = ["", "A", "B", "C"] as const

type Row = {
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

/** What happens to the stock; things are named by their place among those there are, so that a list stays meaningful when it shrinks. */
export type StockStep =
  | { readonly do: "record"; readonly rows: readonly Row[]; readonly onError: RecordMovements["onError"] }
  | { readonly do: "order"; readonly lines: ReadonlyArray<{ readonly product: number; readonly units: number }> }
  | { readonly do: "cancel"; readonly order: number }
  | { readonly do: "promise"; readonly product: number; readonly units: number; readonly hours: number }
  | { readonly do: "confirm" | "decline"; readonly promise: number }
  | { readonly do: "unit"; readonly place: number; readonly lot: number }
  | { readonly do: "reserveUnit"; readonly cell: number; readonly hours: number }
  | { readonly do: "lot"; readonly lot: number; readonly status: LotStatus }
  | { readonly do: "minimum"; readonly product: number; readonly place: number; readonly units: number }
  | { readonly do: "wait"; readonly hours: number }
  | { readonly do: "crash" }

const quarters = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 8 }).map((units) => units * 4) },
  { weight: 1, arbitrary: fc.integer({ min: -8, max: 30 }) },
)
const row: fc.Arbitrary<Row> = fc.record({
  type: fc.constantFrom<Row["type"][]>("IN", "IN", "IN", "OUT", "TRANSFER", "TRANSFER", "ADJUSTMENT"),
  product: fc.nat(1),
  place: fc.nat(2),
  to: fc.nat(2),
  quarters,
  lot: fc.nat(3),
  expiresInDays: fc.option(fc.integer({ min: -1, max: 5 }), { nil: undefined, freq: 3 }),
  viaTransit: fc.boolean(),
  receives: fc.constant(undefined),
  corrects: fc.constant(undefined),
  isAimed: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
})
const receipt = row.map((one): Row => ({ ...one, type: "IN", quarters: Math.abs(one.quarters) + 4, viaTransit: false }))
const arrival = fc
  .record({ one: row, type: fc.constantFrom("TRANSFER" as const, "OUT" as const), receives: fc.nat(3) })
  .map(({ one, type, receives }): Row => ({ ...one, type, receives, lot: 0, viaTransit: false, expiresInDays: undefined }))
const correction = fc
  .tuple(row, fc.nat(9))
  .map(([one, corrects]): Row => ({ ...one, type: "ADJUSTMENT", corrects, viaTransit: false, expiresInDays: undefined }))
const rows = fc.array(
  fc.oneof({ weight: 4, arbitrary: row }, { weight: 3, arbitrary: receipt }, { weight: 2, arbitrary: arrival }, correction),
  {
    minLength: 1,
    maxLength: 3,
  },
)
const recording = fc.record({
  do: fc.constant("record" as const),
  rows,
  onError: fc.constantFrom<RecordMovements["onError"][]>("reject_all", "reject_failed"),
})
const lines = fc.array(fc.record({ product: fc.nat(1), units: fc.integer({ min: 1, max: 5 }) }), { minLength: 1, maxLength: 3 })
const few = fc.nat(5)
const hours = fc.integer({ min: 1, max: 150 })

export const stockSteps = (length: number): fc.Arbitrary<StockStep[]> => {
  const any = fc.oneof(
    { weight: 12, arbitrary: recording },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("order" as const), lines }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("cancel" as const), order: few }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("promise" as const), product: fc.nat(1), units: fc.integer({ min: 1, max: 6 }), hours }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("confirm" as const, "decline" as const), promise: few }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("unit" as const), place: fc.nat(2), lot: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("reserveUnit" as const), cell: few, hours }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("lot" as const),
        lot: few,
        status: fc.constantFrom<LotStatus[]>("ACTIVE", "QUARANTINED", "RECALLED"),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("minimum" as const), product: fc.nat(1), place: fc.nat(3), units: fc.nat(12) }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 30 }) }) },
    { weight: 1, arbitrary: fc.constant<StockStep>({ do: "crash" }) },
  )
  const opening = fc.record({
    do: fc.constant("record" as const),
    rows: fc.array(receipt, { minLength: 2, maxLength: 3 }),
    onError: fc.constant("reject_failed" as const),
  })
  return fc.tuple(opening, fc.array<StockStep>(any, { maxLength: length, size: "max" })).map(([first, rest]) => [first, ...rest])
}

/** The ledger as a history meets it. */
export type StockDriver = {
  record(input: RecordMovements): Promise<
    Result<{
      readonly movements: ReadonlyArray<{ readonly id: MovementId }>
      readonly failed: ReadonlyArray<{ readonly refusal: Refusal }>
    }>
  >
  place(lines: ReadonlyArray<{ readonly productId: ProductId; readonly quantityMilli: number }>): Promise<OrderId>
  move(orderId: OrderId, status: "ACCEPTED" | "CANCELLED"): Promise<string>
  /** Does something as a command would, and remembers what it made fall due. */
  hands<T>(use: (work: LedgerWork) => T): Promise<T>
  rows<T extends Record<string, SqlStorageValue>>(query: string, ...params: SqlStorageValue[]): Promise<T[]>
  crash(): Promise<void>
  /** Lets time pass to this instant, and the alarm with it. */
  wait(until: number): Promise<void>
}

type Taken = { readonly cell: string; readonly milli: number; readonly pieces: number }
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

/** What the stockroom should hold, in memory and by its own words: a cell is `product place lot`, all by number. */
export class StockModel {
  now = dawn
  onHand = new Map<string, number>()
  lots = new Map<string, Lot>()
  transits: Transit[] = []
  stated: Stated[] = []
  readonly units = new Map<string, { available: number; reserved: number }>()
  readonly orders: Array<{ readonly id: OrderId; readonly taken: readonly Taken[]; readonly isReal: boolean; isOpen: boolean }> = []
  holds: Held[] = []
  readonly minimums = new Map<string, { min: number; isLow: boolean }>()
  lowTold = 0

  /** Places are the default one, another, one of quarantine, and 3 is the way between them. */
  static readonly transit = 3

  /** What movements change, to go back to where a batch is refused. */
  get mark(): () => void {
    const { onHand, lots, transits, stated } = this
    const kept = structuredClone({ onHand, lots, transits, stated })
    return () => Object.assign(this, kept)
  }

  at = (cell: string): number => this.onHand.get(cell) ?? 0
  reserved = (cell: string): number => this.holds.filter((one) => one.cell === cell).reduce((sum, { milli }) => sum + milli, 0)
  free = (cell: string): number => this.at(cell) - this.reserved(cell)
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

  sellable(product: number): string[] {
    return [...this.onHand.keys()].filter((cell) => cell.startsWith(`${product} `) && this.free(cell) > 0 && this.isSellable(cell))
  }

  total = (product: number, place?: number): number =>
    [...this.onHand]
      .filter(([cell]) => cell.startsWith(place === undefined ? `${product} ` : `${product} ${place} `))
      .reduce((sum, [, milli]) => sum + milli, 0)

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

  giveBack({ cell, milli, pieces }: Taken): void {
    this.add(cell, milli)
    const { available, reserved } = this.pieces(cell)
    this.units.set(cell, { available: available + pieces, reserved })
  }

  /** What ends by now ends, and what of the dated lots is promised. */
  pass(until: number): void {
    this.now = until
    const isOver = ({ cell, until: at }: Held) => at <= this.now || this.expiryOf(cell) < dayOf(this.now)
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
      const isLow = this.total(Number(product), place === "" ? undefined : Number(place)) < minimum.min
      if (isLow && !minimum.isLow) this.lowTold += 1
      minimum.isLow = isLow
    }
  }
}

type Part = { readonly cell: string; readonly milli: number }

/** INV-LOT-2 and INV-LOT-3: what was chosen for sale may be sold and is free, and nothing that may goes out of date before it. */
function expectFirstOut(model: StockModel, product: number, parts: readonly Part[]): void {
  const taken = new Map(parts.map(({ cell, milli }) => [cell, milli]))
  for (const [cell, milli] of taken) {
    expect(model.isSellable(cell), cell).toBe(true)
    expect(milli).toBeLessThanOrEqual(model.free(cell))
  }
  const last =
    [...taken.keys()]
      .map((cell) => model.expiryOf(cell))
      .sort()
      .at(-1) ?? ""
  for (const cell of model.sellable(product)) {
    if (model.free(cell) > (taken.get(cell) ?? 0)) expect(model.expiryOf(cell) >= last, `${cell} goes before ${last}`).toBe(true)
  }
}

/** Walks the ledger and the model along a history side by side; every answer must be the one the model foretells. */
export async function walkStock(
  history: readonly StockStep[],
  products: readonly ProductId[],
  places: readonly LocationId[],
  driver: StockDriver,
): Promise<StockModel> {
  const model = new StockModel()
  let made = 0
  const productOf = (index: number): ProductId => products[index] ?? "prd_none"
  const placeOf = (index: number): LocationId => places[index] ?? "whs_none"
  const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)]
  const inputOf = (one: Row): MovementInput => ({
    type: one.type,
    productId: productOf(one.product),
    quantityMilli: one.quarters * 250,
    locationId: placeOf(one.place),
    ...(one.type === "TRANSFER" ? { toLocationId: placeOf(one.to) } : {}),
    ...(one.viaTransit ? { viaTransit: true } : {}),
    ...(one.lot === 0 ? {} : { lotNumber: lotNumbers[one.lot] ?? "" }),
    ...(one.expiresInDays === undefined ? {} : { expiresOn: dayOf(dawn + one.expiresInDays * day) }),
    ...(one.receives === undefined ? {} : { receives: at(model.transits, one.receives)?.id ?? "mov_none" }),
    ...(one.corrects === undefined ? {} : { corrects: at(model.stated, one.corrects)?.id ?? "mov_none" }),
  })
  const nameOf = (productId: string, locationId: string, number: string): string =>
    [products.indexOf(productId as ProductId), places.indexOf(locationId as LocationId), lotNumbers.indexOf(number as "A")].join(" ")
  const cellIn = (work: LedgerWork, name: string): Cell => {
    const [product, place, lot] = name.split(" ").map(Number) as [number, number, number]
    const productId = productOf(product)
    return { productId, locationId: placeOf(place), lotId: work.store.lots.byNumber(productId, lotNumbers[lot] ?? "")?.id ?? "" }
  }
  const partsOf = async (orderId: OrderId): Promise<Part[]> => {
    const rows = await driver.rows<{ product_id: string; location_id: string; number: string; milli: number }>(
      `SELECT m.product_id, m.location_id, coalesce(l.number, '') AS number, -sum(m.quantity_milli) AS milli FROM stock_movements m LEFT JOIN lots l ON l.id = m.lot_id
       WHERE m.order_id = ? AND m.reason = 'ORDER_ACCEPTED' GROUP BY 1, 2, 3`,
      orderId,
    )
    return rows.map(({ product_id, location_id, number, milli }) => ({ cell: nameOf(product_id, location_id, number), milli }))
  }
  const enough = (product: number): number => model.sellable(product).reduce((sum, cell) => sum + model.free(cell), 0)

  for (const step of history) {
    switch (step.do) {
      case "record": {
        const rows = step.rows.map((one) => model.aim(one))
        const items = rows.map(inputOf)
        const undo = model.mark
        const foretold = rows.map((one) => model.record(one))
        const codes = foretold.map(({ code }) => code).filter((code) => code !== "OK")
        const isRefused = codes.length === items.length || (codes.length > 0 && step.onError === "reject_all")
        if (isRefused) undo()
        const result = await driver.record({ items, onError: step.onError })
        const whole = new Set(codes).size === 1 ? codes[0] : "VALIDATION_FAILED"
        expect(result.ok ? "OK" : result.error.code, JSON.stringify(items)).toBe(isRefused ? whole : "OK")
        if (!result.ok) break
        expect(result.value.failed.map(({ refusal }) => refusal.code)).toEqual(codes)
        const happened = foretold.filter(({ code }) => code === "OK")
        expect(result.value.movements).toHaveLength(happened.length)
        for (const [index, { happen }] of happened.entries()) happen(result.value.movements[index]?.id ?? "mov_none")
        break
      }
      case "order": {
        const id = await driver.place(
          step.lines.map(({ product, units }) => ({ productId: productOf(product), quantityMilli: units * 1_000 })),
        )
        const asked = [0, 1].map((product) =>
          step.lines.filter((line) => line.product === product).reduce((sum, { units }) => sum + units * 1_000, 0),
        )
        const isShort = asked.some((milli, product) => milli > enough(product))
        expect(await driver.move(id, "ACCEPTED")).toBe(isShort ? "STOCK_INSUFFICIENT" : "OK")
        const parts = await partsOf(id)
        if (isShort) {
          expect(parts).toEqual([])
          break
        }
        for (const [product, milli] of asked.entries()) {
          const ofProduct = parts.filter(({ cell }) => cell.startsWith(`${product} `))
          expect(ofProduct.reduce((sum, part) => sum + part.milli, 0)).toBe(milli)
          expectFirstOut(model, product, ofProduct)
        }
        model.orders.push({ id, taken: parts.map(({ cell, milli }) => model.take(cell, milli)), isOpen: true, isReal: true })
        break
      }
      case "cancel": {
        const order = at(
          model.orders.filter(({ isOpen, isReal }) => isOpen && isReal),
          step.order,
        )
        if (order === undefined) break
        expect(await driver.move(order.id, "CANCELLED")).toBe("OK")
        order.isOpen = false
        for (const taken of order.taken) model.giveBack(taken)
        break
      }
      case "promise": {
        const orderId: OrderId = `ord_promised_${(made += 1)}`
        const until = model.now + step.hours * hour
        const isShort = enough(step.product) < step.units * 1_000
        const parts = await driver.hands((work) => {
          const allocated = allocate(
            [{ lineId: `oln_${made}`, productId: productOf(step.product), quantityMilli: step.units * 1_000 }],
            (id) => work.stock.forSale(id),
          )
          if (!allocated.ok) return undefined
          for (const cell of allocated.value) work.stock.reserve(cell, cell.quantityMilli, { orderId, orderLineId: cell.lineId }, until)
          return allocated.value.map((cell) => ({
            cell: nameOf(cell.productId, cell.locationId, cell.lotId === "" ? "" : (work.store.lots.find(cell.lotId)?.number ?? "")),
            milli: cell.quantityMilli,
          }))
        })
        expect(parts === undefined).toBe(isShort)
        if (parts === undefined) break
        expectFirstOut(model, step.product, parts)
        for (const { cell, milli } of parts) model.hold({ cell, milli, until, order: orderId })
        break
      }
      case "confirm":
      case "decline": {
        const order = at([...new Set(model.holds.flatMap((one) => one.order ?? []))], step.promise)
        if (order === undefined) break
        const held = model.holds.filter((one) => one.order === order)
        model.holds = model.holds.filter((one) => one.order !== order)
        await driver.hands((work) => {
          work.stock.releaseOrder(order)
          if (step.do === "decline") return
          const lineId: OrderLineId = `oln_${order}`
          work.stock.take(
            order,
            held.map(({ cell, milli }) => ({ ...cellIn(work, cell), lineId, quantityMilli: milli })),
          )
        })
        if (step.do === "confirm")
          model.orders.push({ id: order, taken: held.map(({ cell, milli }) => model.take(cell, milli)), isOpen: true, isReal: false })
        break
      }
      case "unit": {
        const cell = `0 ${step.place} ${model.lots.has(`0 ${step.lot}`) ? step.lot : 0}`
        await driver.hands((work) => receiveUnit(work, cellIn(work, cell), `SN-${(made += 1)}`))
        model.add(cell, 1_000)
        const { available, reserved } = model.pieces(cell)
        model.units.set(cell, { available: available + 1, reserved })
        break
      }
      case "reserveUnit": {
        const cell = at(
          model.sellable(0).filter((one) => model.pieces(one).available > 0 && model.free(one) >= 1_000),
          step.cell,
        )
        if (cell === undefined) break
        const until = model.now + step.hours * hour
        await driver.hands((work) => {
          const [unit] = work.store.units.available(cellIn(work, cell), 1)
          if (unit === undefined) throw new Error("the ledger has no such unit")
          work.stock.reserve(cellIn(work, cell), 1_000, { unitId: unit.id }, until)
          work.stock.saveUnit(unit, { status: "RESERVED", reservedUntil: until }, null)
        })
        model.hold({ cell, milli: 1_000, until, order: undefined })
        break
      }
      case "lot": {
        const lot = at(
          [...model.lots.values()].filter(({ status }) => status !== "RECALLED"),
          step.lot,
        )
        if (lot === undefined) break
        await driver.hands((work) => {
          const id = work.store.lots.byNumber(productOf(lot.product), lot.number)?.id
          if (id !== undefined) setLot(work, id, step.status)
        })
        lot.status = step.status
        break
      }
      case "minimum": {
        const place = step.place === 3 ? "" : String(step.place)
        await driver.hands(({ stock }) =>
          stock.setMinimum(productOf(step.product), place === "" ? "" : placeOf(step.place), step.units * 1_000),
        )
        const key = `${step.product} ${place}`
        const known = model.minimums.get(key)
        // Nothing is kept of a minimum that says nothing and said nothing before.
        if (known !== undefined || step.units > 0) model.minimums.set(key, { min: step.units * 1_000, isLow: known?.isLow ?? false })
        break
      }
      case "wait":
        await driver.wait(model.now + step.hours * hour)
        model.pass(model.now + step.hours * hour)
        break
      case "crash":
        await driver.crash()
        break
    }
    model.settle()
  }
  return model
}

/** Everything that must hold of a stockroom's tables, whatever happened to it; in plain SQL, beside what the model says. */
export function expectSoundStock(sql: SqlStorage, model: StockModel, products: readonly ProductId[], places: readonly LocationId[]): void {
  const none = (what: string, query: string): void => expect(sql.exec(query).toArray(), what).toEqual([])
  const reserved =
    "(SELECT coalesce(sum(quantity_milli), 0) FROM reservations r WHERE (r.product_id, r.location_id, r.lot_id) = (l.product_id, l.location_id, l.lot_id))"
  none(
    "INV-STK-4: a level is the sum of its movements, of which a transfer counts at both ends",
    `SELECT product_id, location_id, lot_id, sum(milli) FROM (
       SELECT product_id, location_id, lot_id, quantity_milli AS milli FROM stock_movements
       UNION ALL SELECT product_id, to_location_id, lot_id, -quantity_milli FROM stock_movements WHERE to_location_id IS NOT NULL
       UNION ALL SELECT product_id, location_id, lot_id, -on_hand_milli FROM stock_levels
     ) GROUP BY 1, 2, 3 HAVING sum(milli) <> 0`,
  )
  none("INV-STK-5: 0 ≤ reserved ≤ on hand", `SELECT * FROM stock_levels l WHERE on_hand_milli < 0 OR ${reserved} > on_hand_milli`)
  none(
    "what is reserved is of a cell that there is",
    "SELECT * FROM reservations r WHERE NOT EXISTS (SELECT 1 FROM stock_levels l WHERE (r.product_id, r.location_id, r.lot_id) = (l.product_id, l.location_id, l.lot_id))",
  )
  none(
    "INV-LOT-2: nothing was sold of a lot that was out of date",
    "SELECT * FROM stock_movements m JOIN lots l ON l.id = m.lot_id WHERE m.reason = 'ORDER_ACCEPTED' AND l.expires_on < date(m.recorded_at / 1000, 'unixepoch')",
  )
  none(
    "INV-LOT-4: nothing is reserved of a lot that is out of date",
    "SELECT * FROM reservations r JOIN lots l ON l.id = r.lot_id WHERE l.expired_at IS NOT NULL",
  )
  none("INV-STK-8: nothing is reserved past its time", `SELECT * FROM reservations WHERE expires_at <= ${model.now}`)
  none(
    "lots are out of date when their day is over, and not before",
    `SELECT * FROM lots WHERE (expires_on IS NOT NULL AND expires_on < '${dayOf(model.now)}') <> (expired_at IS NOT NULL)`,
  )
  none(
    "INV-STK-3: what a cancelled order took is back in the very lots and places it came from",
    `SELECT m.product_id, m.location_id, m.lot_id, sum(m.quantity_milli) FROM stock_movements m JOIN orders o ON o.id = m.order_id
     WHERE o.status = 'CANCELLED' GROUP BY o.id, 1, 2, 3 HAVING sum(m.quantity_milli) <> 0`,
  )
  none(
    "what is on its way is what was sent and has not arrived",
    `SELECT product_id, lot_id, sum(milli) FROM (SELECT l.product_id, l.lot_id, on_hand_milli AS milli FROM stock_levels l JOIN locations p ON p.id = l.location_id AND p.kind = 'IN_TRANSIT'
       UNION ALL SELECT product_id, lot_id, -left_milli FROM transits) GROUP BY 1, 2 HAVING sum(milli) <> 0`,
  )
  none(
    "INV-UNT-2: units on hand are part of what their cell has on hand",
    `SELECT u.product_id, u.location_id, u.lot_id, count(*) FROM units u LEFT JOIN stock_levels l ON (u.product_id, u.location_id, u.lot_id) = (l.product_id, l.location_id, l.lot_id)
     WHERE u.status IN ('AVAILABLE', 'RESERVED') GROUP BY 1, 2, 3 HAVING count(*) * 1000 > coalesce(max(l.on_hand_milli), 0)`,
  )
  none(
    "a reserved unit has its reservation, and no other has",
    "SELECT u.id FROM units u LEFT JOIN reservations r ON r.unit_id = u.id WHERE (u.status = 'RESERVED') <> (r.id IS NOT NULL)",
  )
  none(
    "INV-STK-6: a cancelled order keeps no unit",
    "SELECT u.* FROM units u JOIN orders o ON o.id = u.order_id WHERE o.status = 'CANCELLED'",
  )

  const cells = sql
    .exec<{ product: ProductId; place: LocationId; kind: string; number: string; milli: number; reserved: number; pieces: number }>(
      `SELECT l.product_id AS product, l.location_id AS place, p.kind, coalesce(lot.number, '') AS number, l.on_hand_milli AS milli, ${reserved} AS reserved,
         (SELECT count(*) FROM units u WHERE (u.product_id, u.location_id, u.lot_id) = (l.product_id, l.location_id, l.lot_id) AND u.status = 'AVAILABLE') AS pieces
       FROM stock_levels l JOIN locations p ON p.id = l.location_id LEFT JOIN lots lot ON lot.id = l.lot_id WHERE l.on_hand_milli > 0`,
    )
    .toArray()
    .map((one): [string, unknown] => [
      [
        products.indexOf(one.product),
        one.kind === "IN_TRANSIT" ? StockModel.transit : places.indexOf(one.place),
        lotNumbers.indexOf(one.number as "A"),
      ].join(" "),
      [one.milli, one.reserved, one.pieces],
    ])
  expect(Object.fromEntries(cells)).toEqual(
    Object.fromEntries(
      [...model.onHand]
        .filter(([, milli]) => milli > 0)
        .map(([cell, milli]) => [cell, [milli, model.reserved(cell), model.pieces(cell).available]]),
    ),
  )
  expect(
    Object.fromEntries(
      sql
        .exec<{ product: ProductId; place: LocationId | ""; low: number }>(
          "SELECT product_id AS product, location_id AS place, is_low AS low FROM minimums",
        )
        .toArray()
        .map(({ product, place, low }) => [`${products.indexOf(product)} ${place === "" ? "" : places.indexOf(place)}`, low === 1]),
    ),
  ).toEqual(Object.fromEntries([...model.minimums].map(([key, { isLow }]) => [key, isLow])))
}
