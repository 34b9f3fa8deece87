import fc from "fast-check"
import { expect } from "vitest"
import type { LedgerCommands, LedgerVerb } from "../../durable-objects/supplier-ledger/commands/index.ts"
import type { MovementInput, RecordMovements } from "../../durable-objects/supplier-ledger/commands/movements.ts"
import type { LotStatus } from "../../src/domains/lots/rules.ts"
import type { OrderStatus, SettableOrderStatus, Side } from "../../src/domains/orders/rules.ts"
import type { BundleComponentId, LocationId, OrderId, OrganizationId, ProductId, UnitId } from "../../src/kernel/ids.ts"
import type { Result } from "../../src/kernel/result.ts"
import { day, hour } from "../../src/kernel/time.ts"
import { orderMoves } from "./ledger-model.ts"
import { dawn, dayOf, extended, type Goods, leaves, lotNumbers, type Offer, type Row, StockModel, type StockOrder } from "./stock-model.ts"

/** How a supplier takes an order: as it is, or with something else for some lines, kept for the buyer for so long. */
type Answer = {
  readonly offers: ReadonlyArray<{ readonly units: number; readonly substitute: number | undefined }>
  readonly hours: number
}

/** What happens to the stock; things are named by their place among those there are, so that a list stays meaningful when it shrinks. */
export type StockStep =
  | { readonly do: "record"; readonly rows: readonly Row[]; readonly onError: RecordMovements["onError"] }
  | {
      readonly do: "order"
      readonly lines: ReadonlyArray<{ readonly product: number; readonly units: number }>
      readonly answer: Answer | undefined
    }
  | (Answer & {
      readonly do: "deal"
      readonly order: number
      readonly by: Side
      readonly status: SettableOrderStatus
      readonly isAimed: boolean
    })
  | { readonly do: "component" }
  | { readonly do: "unit"; readonly place: number; readonly lot: number }
  | { readonly do: "reserveUnit"; readonly cell: number; readonly hours: number }
  | { readonly do: "lot"; readonly lot: number; readonly status: LotStatus }
  | { readonly do: "minimum"; readonly product: number; readonly place: number; readonly units: number }
  | { readonly do: "wait"; readonly hours: number; readonly isLate: boolean }
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
const lines = fc.array(fc.record({ product: fc.nat(3), units: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 3 })
const few = fc.nat(5)
const hours = fc.integer({ min: 1, max: 150 })
const offer = fc.record({ units: fc.nat(4), substitute: fc.option(fc.nat(3), { nil: undefined, freq: 2 }) })
const answer = fc.record({ offers: fc.array(offer, { maxLength: 2 }), hours: fc.integer({ min: 1, max: 60 }) })
const order = fc.record({ do: fc.constant("order" as const), lines, answer: fc.option(answer, { nil: undefined, freq: 4 }) })
const deal = fc
  .record({
    order: few,
    by: fc.constantFrom<Side[]>("supplier", "supplier", "buyer"),
    status: fc.oneof(
      { weight: 4, arbitrary: fc.constant<SettableOrderStatus>("ACCEPTED") },
      { weight: 2, arbitrary: fc.constant<SettableOrderStatus>("CANCELLED") },
      { weight: 5, arbitrary: fc.constant<SettableOrderStatus>("IN_DELIVERY") },
      { weight: 4, arbitrary: fc.constantFrom<SettableOrderStatus[]>("FAILED_DELIVERY", "FAILED_DELIVERY", "COMPLETED", "REJECTED") },
    ),
    answer,
    isAimed: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
  })
  .map(({ answer: how, ...one }) => ({ do: "deal" as const, ...one, ...how }))

export const stockSteps = (length: number): fc.Arbitrary<StockStep[]> => {
  const any = fc.oneof(
    { weight: 12, arbitrary: recording },
    { weight: 8, arbitrary: order },
    { weight: 14, arbitrary: deal },
    { weight: 1, arbitrary: fc.constant<StockStep>({ do: "component" }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("unit" as const), place: fc.nat(2), lot: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("reserveUnit" as const), cell: few, hours }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("lot" as const),
        lot: few,
        status: fc.constantFrom<LotStatus[]>("ACTIVE", "ACTIVE", "QUARANTINED", "QUARANTINED", "RECALLED"),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("minimum" as const), product: fc.nat(3), place: fc.nat(3), units: fc.nat(12) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("wait" as const),
        hours: fc.integer({ min: 1, max: 30 }),
        isLate: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
      }),
    },
    { weight: 1, arbitrary: fc.constant<StockStep>({ do: "crash" }) },
  )
  // Some of each to begin with, or little would ever be sold.
  const plenty = (product: number) =>
    receipt.map((one): Row => ({ ...one, product, place: one.place % 2, quarters: one.quarters * 2, isAimed: true }))
  const opening = fc.record({
    do: fc.constant("record" as const),
    rows: fc.tuple(plenty(0), plenty(0), plenty(1), receipt),
    onError: fc.constant("reject_failed" as const),
  })
  const rest = fc.array<StockStep>(any, { minLength: Math.floor(length / 2), maxLength: length, size: "max" })
  return fc.tuple(opening, rest).map(([first, others]) => [first, ...others])
}

/** The ledger as a history meets it. */
export type StockDriver = {
  readonly buyerId: OrganizationId
  give<V extends LedgerVerb>(by: Side, verb: V, input: LedgerCommands[V]["input"]): Promise<Result<LedgerCommands[V]["fact"]>>
  rows<T extends Record<string, SqlStorageValue>>(query: string, ...params: SqlStorageValue[]): Promise<T[]>
  crash(): Promise<void>
  /** Lets time pass to this instant; the alarm comes with it, or late. */
  wait(until: number, isLate: boolean): Promise<void>
}

const codeOf = (result: Result<unknown>): string => (result.ok ? "OK" : result.error.code)

/** The fact that a command makes. @throws when it is refused. */
export async function must<V extends LedgerVerb>(
  { give }: Pick<StockDriver, "give">,
  by: Side,
  verb: V,
  input: LedgerCommands[V]["input"],
) {
  const result = await give(by, verb, input)
  if (!result.ok) throw new Error(`${verb}: ${JSON.stringify(result.error)}`)
  return result.value
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
  let units = 0
  let componentId: BundleComponentId | undefined
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
  /** What was taken for an order, or is promised to it, by cell. */
  const partsOf = async (what: "takes" | "promises", orderId: OrderId): Promise<Part[]> => {
    const from =
      what === "takes"
        ? "(SELECT *, -quantity_milli AS milli FROM stock_movements WHERE reason = 'ORDER_ACCEPTED')"
        : "(SELECT *, quantity_milli AS milli FROM reservations)"
    const rows = await driver.rows<{ product_id: ProductId; location_id: LocationId; number: string; milli: number }>(
      `SELECT m.product_id, m.location_id, coalesce(l.number, '') AS number, sum(m.milli) AS milli FROM ${from} m LEFT JOIN lots l ON l.id = m.lot_id
       WHERE m.order_id = ? GROUP BY 1, 2, 3`,
      orderId,
    )
    return rows.map(({ product_id, location_id, number, milli }) => ({
      cell: [products.indexOf(product_id), places.indexOf(location_id), lotNumbers.indexOf(number as "A")].join(" "),
      milli,
    }))
  }
  /** An available piece of a cell. */
  const pieceIn = async (cell: string): Promise<UnitId> => {
    const [product, place, lot] = cell.split(" ").map(Number) as [number, number, number]
    const [unit] = await driver.rows<{ id: UnitId }>(
      `SELECT u.id FROM units u LEFT JOIN lots l ON l.id = u.lot_id
       WHERE u.product_id = ? AND u.location_id = ? AND coalesce(l.number, '') = ? AND u.status = 'AVAILABLE' ORDER BY u.id LIMIT 1`,
      productOf(product),
      placeOf(place),
      lotNumbers[lot] ?? "",
    )
    if (unit === undefined) throw new Error("the ledger has no such unit")
    return unit.id
  }
  /** Offers as far as there are lines for them: mostly less of what was ordered, or something else. */
  const offersFor = (order: StockOrder, { offers }: Answer): Offer[] | undefined =>
    offers.length === 0
      ? undefined
      : order.lines.slice(0, offers.length).map(({ milli }, index) => {
          const { units: count = 0, substitute } = offers[index] ?? {}
          return { milli: substitute === undefined ? Math.min(milli, count * 1_000) : count * 1_000, substitute }
        })

  async function deal(order: StockOrder, by: Side, status: SettableOrderStatus, answer: Answer): Promise<void> {
    const offers = by === "supplier" && status === "ACCEPTED" ? offersFor(order, answer) : undefined
    const until = model.now + answer.hours * hour
    const items = offers?.map(({ milli, substitute }, index) => ({
      itemId: order.lineIds[index] ?? "oln_none",
      quantityMilli: milli,
      ...(substitute === undefined ? {} : { substituteId: productOf(substitute) }),
    }))
    const { code, takes, promises } = model.judge(order, { by, status, ...(offers === undefined ? {} : { offers }) })
    const amendment = items === undefined ? {} : { amendment: { items, answerWithinMs: answer.hours * hour } }
    const result = await driver.give(by, "setOrderStatus", { orderId: order.id, status, reason: null, ...amendment })
    expect(codeOf(result), JSON.stringify({ order, by, status, offers })).toBe(code)
    if (code !== "OK") return
    if (status === "CANCELLED") return model.callOff(order)
    model.letGo(order)
    order.status = promises === undefined ? status : "AMENDED"
    order.offered = promises
    order.answerBy = until
    if (status === "IN_DELIVERY") order.sent += 1
    if (promises !== undefined) {
      const parts = await suppliedBy("promises", order.id, promises)
      for (const { cell, milli } of parts) model.hold({ cell, milli, until, order: order.id })
    }
    if (takes !== undefined) {
      const parts = await suppliedBy("takes", order.id, takes)
      order.lines = takes
      order.taken = parts.map(({ cell, milli }) => model.take(cell, milli))
    }
  }

  /** INV-ORD-9: where the goods come from is just what they come apart into, first what expires first. */
  async function suppliedBy(what: "takes" | "promises", orderId: OrderId, goods: readonly Goods[]): Promise<Part[]> {
    const parts = await partsOf(what, orderId)
    const needs = model.leavesOf(goods)
    for (const leaf of leaves) {
      const ofLeaf = parts.filter(({ cell }) => cell.startsWith(`${leaf} `))
      expect(ofLeaf.reduce((sum, { milli }) => sum + milli, 0)).toBe(needs.get(leaf) ?? 0)
      expectFirstOut(model, leaf, ofLeaf)
    }
    return parts
  }

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
        const result = await driver.give("supplier", "recordMovements", { items, onError: step.onError })
        const whole = new Set(codes).size === 1 ? codes[0] : "VALIDATION_FAILED"
        expect(codeOf(result), JSON.stringify(items)).toBe(isRefused ? whole : "OK")
        if (!result.ok) break
        expect(result.value.failed.map(({ refusal }) => refusal.code)).toEqual(codes)
        const happened = foretold.filter(({ code }) => code === "OK")
        expect(result.value.movements).toHaveLength(happened.length)
        for (const [index, { happen }] of happened.entries()) happen(result.value.movements[index]?.id ?? "mov_none")
        break
      }
      case "order": {
        const goods = step.lines.map(({ product, units: count }) => ({ product, milli: count * 1_000 }))
        const asked = goods.map(({ product, milli }) => ({ productId: productOf(product), quantityMilli: milli }))
        const terms = { buyerId: driver.buyerId, note: null, requestedDeliveryOn: null }
        const { id, lines: made } = await must(driver, "buyer", "placeOrder", { ...terms, lines: asked })
        const placed: StockOrder = {
          id,
          lineIds: made.map((line) => line.id),
          lines: goods,
          status: "PENDING",
          offered: undefined,
          answerBy: 0,
          sent: 0,
          taken: [],
        }
        model.orders.push(placed)
        if (step.answer !== undefined) await deal(placed, "supplier", "ACCEPTED", step.answer)
        break
      }
      case "deal": {
        const { by, status } = step
        const may = (from: OrderStatus): boolean => (orderMoves[by][from] ?? []).includes(status)
        const found = at(step.isAimed ? model.orders.filter((one) => may(one.status)) : model.orders, step.order)
        if (found !== undefined) await deal(found, by, status, step)
        break
      }
      case "component": {
        const [parentId, childId] = [productOf(extended.kit), productOf(extended.part)]
        if (componentId === undefined) {
          componentId = (await must(driver, "supplier", "addComponent", { parentId, childId, quantityMilli: 1_000, role: "ACCESSORY" })).id
        } else {
          await must(driver, "supplier", "removeComponent", { componentId })
          componentId = undefined
        }
        model.isExtended = componentId !== undefined
        break
      }
      case "unit": {
        const lot = model.lots.get(`0 ${step.lot}`)
        const cell = `0 ${step.place} ${lot === undefined ? 0 : step.lot}`
        const piece = { productId: productOf(0), serial: `SN-${(units += 1)}`, locationId: placeOf(step.place) }
        const item = lot === undefined ? piece : { ...piece, lotNumber: lot.number }
        const isTaken = lot?.status !== "RECALLED"
        expect(codeOf(await driver.give("supplier", "receiveUnits", { items: [item], form: "one" }))).toBe(isTaken ? "OK" : "CONFLICT")
        if (!isTaken) break
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
        const holdMs = step.hours * hour
        await must(driver, "supplier", "handleUnit", { unitId: await pieceIn(cell), verb: "reserve", reason: null, holdMs })
        model.hold({ cell, milli: 1_000, until: model.now + holdMs, order: undefined })
        break
      }
      case "lot": {
        const lot = at([...model.lots.values()], step.lot)
        if (lot === undefined) break
        const isAllowed = lotMoves[lot.status].includes(step.status)
        const named = { lotNumber: lot.number, productId: productOf(lot.product) }
        const result = await driver.give("supplier", "setLotStatus", { ...named, status: step.status, reason: null })
        expect(codeOf(result)).toBe(isAllowed ? "OK" : "INVALID_TRANSITION")
        if (isAllowed) model.setLot(lot, step.status)
        break
      }
      case "minimum": {
        const [productId, minMilli] = [productOf(step.product), step.units * 1_000]
        const place = step.place === 3 ? "" : String(step.place)
        const key = `${step.product} ${place}`
        const known = model.minimums.get(key)
        // Nothing is kept of a minimum that says nothing and said nothing before.
        if (known !== undefined || step.units > 0) model.minimums.set(key, { min: minMilli, isLow: known?.isLow ?? false })
        // Those of places are stated together.
        const stated = [0, 1, 2].flatMap((index) => {
          const { min = 0 } = model.minimums.get(`${step.product} ${index}`) ?? {}
          return min === 0 ? [] : [{ locationId: placeOf(index), minMilli: min }]
        })
        await must(driver, "supplier", "updateProduct", {
          productId,
          ...(place === "" ? { minStockMilli: minMilli } : { minimums: stated }),
        })
        break
      }
      case "wait":
        model.now += step.hours * hour
        await driver.wait(model.now, step.isLate)
        if (!step.isLate) model.pass()
        break
      case "crash":
        await driver.crash()
        break
    }
    model.settle()
  }
  await driver.wait(model.now, false)
  model.pass()
  return model
}

/** The moves as the issue tells them, written out once more on purpose: the model shares no table with the code. */
const lotMoves: Readonly<Record<LotStatus, readonly LotStatus[]>> = {
  ACTIVE: ["QUARANTINED", "RECALLED"],
  QUARANTINED: ["ACTIVE", "RECALLED"],
  RECALLED: [],
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
  none(
    "INV-WHS-8: what a place is said to hold and to expect is the sum over its cells, and over what is on its way to it",
    `SELECT id, sum(held), sum(expected) FROM (
       SELECT location_id AS id, on_hand_milli AS held, 0 AS expected FROM stock_levels
       UNION ALL SELECT to_location_id, 0, left_milli FROM transits
       UNION ALL SELECT location_id, -on_hand_milli, -incoming_milli FROM place_holdings
     ) GROUP BY id HAVING sum(held) <> 0 OR sum(expected) <> 0`,
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
    "INV-ORD-7: what is promised to an order is promised while it waits for its buyer's word",
    "SELECT r.* FROM reservations r LEFT JOIN orders o ON o.id = r.order_id WHERE r.order_id IS NOT NULL AND o.status IS NOT 'AMENDED'",
  )
  none(
    "an order that nobody accepted took nothing",
    "SELECT m.* FROM stock_movements m JOIN orders o ON o.id = m.order_id WHERE o.status IN ('PENDING', 'AMENDED', 'REJECTED')",
  )
  none("a kit has no stock of its own", "SELECT l.* FROM stock_levels l JOIN bundle_components c ON c.parent_id = l.product_id")
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

  expect(
    sql
      .exec<{ id: OrderId; status: string }>("SELECT id, status FROM orders ORDER BY number")
      .toArray()
      .map(({ id, status }) => [id, status]),
  ).toEqual(model.orders.map(({ id, status }) => [id, status]))
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
