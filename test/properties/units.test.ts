import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { beforeAll, expect, test, vi } from "vitest"
import type { LedgerCommands, LedgerVerb } from "../../durable-objects/supplier-ledger/commands/index.ts"
import { SupplierLedger } from "../../durable-objects/supplier-ledger/supplier-ledger.ts"
import { settableOrderStatuses } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import { isOnHand, type UnitStatus, unitVerbs, unitVerbsFrom } from "../../src/domains/units/rules.ts"
import type { LocationId, OrderId, ProductId, UnitId } from "../../src/kernel/ids.ts"
import type { Result } from "../../src/kernel/result.ts"
import { hour } from "../../src/kernel/time.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { actorOf, adopted, linkedBuyer, order, quiet, stocked } from "../support/ledger.ts"
import { placeOf } from "../support/places.ts"
import { seed } from "../support/seed.ts"

const histories = 250

beforeAll(() => {
  quiet()
  console.info(`unit properties: VITE_SEED=${seed}`)
})

/** What somebody does; things are named by their place among those there are. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("receive" as const), count: fc.integer({ min: 1, max: 3 }), place: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("loose" as const), count: fc.integer({ min: -2, max: 3 }), place: fc.nat(2) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("deed" as const),
      unit: fc.nat(5),
      verb: fc.constantFrom(...unitVerbs),
      place: fc.nat(2),
      viaTransit: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("order" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("set" as const),
      order: fc.nat(2),
      status: fc.constantFrom("ACCEPTED" as const, "ACCEPTED" as const, "CANCELLED" as const, ...settableOrderStatuses),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lapse" as const) }) },
)

type Cell = { product_id: string; location_id: string; lot_id: string; on_hand: number; reserved: number; moved: number }
type UnitRow = { id: UnitId; location_id: LocationId; status: UnitStatus; order_id: string | null; reservations: number; transits: number }

/** INV-STK-1, INV-STK-4, INV-STK-5, INV-UNT-2 and INV-UNT-3, in plain SQL on the ledger's own tables. */
function expectSoundUnits(sql: SqlStorage, loose: number): void {
  const cells = sql
    .exec<Cell>(
      `SELECT *, on_hand_milli / 1000 AS on_hand,
        (SELECT coalesce(sum(quantity_milli), 0) / 1000 FROM reservations r WHERE (r.product_id, r.location_id) = (l.product_id, l.location_id)) AS reserved,
        (SELECT coalesce(sum(CASE WHEN m.location_id = l.location_id THEN quantity_milli ELSE -quantity_milli END), 0) / 1000 FROM stock_movements m
          WHERE l.location_id IN (m.location_id, m.to_location_id)) AS moved
       FROM stock_levels l`,
    )
    .toArray()
  const units = sql
    .exec<UnitRow>(
      `SELECT id, location_id, status, order_id,
        (SELECT count(*) FROM reservations WHERE unit_id = units.id AND location_id = units.location_id) AS reservations,
        (SELECT count(*) FROM transits t JOIN stock_movements m ON m.id = t.movement_id WHERE m.unit_id = units.id AND t.left_milli > 0) AS transits
       FROM units`,
    )
    .toArray()
  for (const { location_id, on_hand, reserved, moved } of cells) {
    const here = units.filter((unit) => unit.location_id === location_id)
    const available = here.filter(({ status }) => status === "AVAILABLE").length
    expect(on_hand).toBe(moved)
    expect(reserved).toBeGreaterThanOrEqual(0)
    expect(on_hand).toBeGreaterThanOrEqual(reserved)
    expect(on_hand).toBeGreaterThanOrEqual(here.filter(({ status }) => isOnHand(status)).length)
    expect(on_hand - reserved).toBeGreaterThanOrEqual(available)
  }
  for (const { status, reservations, transits } of units) {
    expect(reservations).toBe(status === "RESERVED" ? 1 : 0)
    expect(transits).toBe(status === "IN_TRANSIT" ? 1 : 0)
  }
  expect(sql.exec("SELECT id FROM reservations WHERE unit_id IS NULL OR unit_id NOT IN (SELECT id FROM units)").toArray()).toEqual([])
  // What is on hand and no unit is what came in loose, less what orders took of it: nothing is given back twice, nothing comes from nowhere.
  const onHand = cells.reduce((sum, cell) => sum + cell.on_hand, 0)
  expect(onHand - units.filter(({ status }) => isOnHand(status)).length).toBe(loose)
  // INV-UNT-6: what is out with an order is so many units and so much that was loose, and no more than the order took.
  for (const { order_id, taken } of sql.exec<{ order_id: string; taken: number }>(
    "SELECT order_id, -sum(quantity_milli) / 1000 AS taken FROM stock_movements WHERE order_id IS NOT NULL GROUP BY order_id",
  ))
    expect(units.filter((unit) => unit.order_id === order_id).length).toBeLessThanOrEqual(taken)
}

const allowedRefusals = new Set(["INVALID_TRANSITION", "STOCK_INSUFFICIENT", "CONFLICT", "VALIDATION_FAILED"])

/** On the real class and real storage, with a D1 that is down: each history starts on the same emptied tables. */
test(`units, loose stock, orders and lapses keep the books in any order (${histories} histories)`, async () => {
  const dead = new Proxy(env.DB, {
    get: (_, name) => (name === "batch" ? async () => Promise.reject(new Error("D1_ERROR: down")) : () => ({ bind: () => undefined })),
  })
  const bindings: Bindings = { ...env, DB: dead }
  const ledger = await adopted("Units")
  const buyer = await linkedBuyer(ledger)
  const { id: productId } = await stocked(ledger, 0)
  const [b, c] = [await placeOf(ledger, "B"), await placeOf(ledger, "C", "QUARANTINE")]
  const [main] = await ledger.rows<{ id: LocationId }>("SELECT id FROM locations WHERE is_default = 1")
  const places = [main?.id ?? b, b, c] as const
  await ledger.comeDue("relay")

  await runInDurableObject(ledger.stub, async (_, state) => {
    const { sql } = state.storage
    // Its own alarm would wake the real instance beside these.
    using _asleep = vi.spyOn(state.storage, "setAlarm").mockResolvedValue()
    const object = new SupplierLedger(state, bindings)
    const give = async <V extends LedgerVerb>(by: OrganizationFacts, verb: V, input: LedgerCommands[V]["input"]) => {
      const envelope = { commandId: crypto.randomUUID(), requestHash: "", actor: actorOf(by), origin: { ipAddress: null, userAgent: null } }
      const { result } = await object.execute({ ...envelope, ifMatch: undefined, command: { verb, input } } as Parameters<
        typeof object.execute
      >[0])
      return result as Result<LedgerCommands[V]["fact"]>
    }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 45, size: "max" }), async (history) => {
        for (const table of [
          "place_holdings",
          "transits",
          "reservations",
          "units",
          "stock_movements",
          "stock_levels",
          "orders",
          "commands",
          "outbox_dirty",
          "outbox_append",
        ])
          sql.exec(`DELETE FROM ${table}`)
        const unitIds: UnitId[] = []
        const orderIds: OrderId[] = []
        /** Loose pieces: by adjustments, and out with orders that were accepted. */
        let adjusted = 0
        const looseOut = new Map<OrderId, number>()
        let serial = 0
        for (const one of history) {
          await take(one)
          const outLoose = [...looseOut.values()].reduce((sum, count) => sum + count, 0)
          expectSoundUnits(sql, adjusted - outLoose)
        }

        async function take(one: (typeof history)[number]): Promise<void> {
          switch (one.do) {
            case "receive": {
              const items = Array.from({ length: one.count }, () => ({
                productId,
                serial: `S-${(serial += 1)}`,
                locationId: placed(one.place),
              }))
              const received = await give(ledger.owner, "receiveUnits", { items, form: "items" })
              if (!received.ok) throw new Error(received.error.code)
              unitIds.push(...received.value.units.map(({ id }) => id))
              return
            }
            case "loose": {
              if (one.count === 0) return
              const items = [loose(one.count, one.place, productId)]
              const made = await give(ledger.owner, "recordMovements", { onError: "reject_all", items })
              if (made.ok) adjusted += one.count
              return check(made)
            }
            case "deed": {
              const unitId = unitIds[one.unit % Math.max(1, unitIds.length)]
              if (unitId === undefined) return
              const [before] = sql.exec<{ status: UnitStatus }>("SELECT status FROM units WHERE id = ?", unitId).toArray()
              const locationId = one.verb === "move" || before?.status === "RMA" ? { locationId: placed(one.place) } : {}
              const input = {
                unitId,
                verb: one.verb,
                reason: null,
                mayRestore: true,
                holdMs: hour,
                viaTransit: one.viaTransit && before?.status !== "IN_TRANSIT",
                ...locationId,
              }
              const done = await give(ledger.owner, "handleUnit", input)
              const isAllowed = before !== undefined && unitVerbsFrom[one.verb].includes(before.status)
              expect(!done.ok && done.error.code === "INVALID_TRANSITION").toBe(!isAllowed)
              return check(done)
            }
            case "order": {
              const made = await give(buyer, "placeOrder", order(buyer, [productId, one.count]))
              if (made.ok) orderIds.push(made.value.id)
              return check(made)
            }
            case "set": {
              const orderId = orderIds[one.order % Math.max(1, orderIds.length)]
              if (orderId === undefined) return
              const set = await give(ledger.owner, "setOrderStatus", { orderId, status: one.status, reason: null })
              if (set.ok && one.status === "CANCELLED") looseOut.delete(orderId)
              if (set.ok && one.status === "ACCEPTED") {
                const sold = sql.exec("SELECT id FROM units WHERE order_id = ?", orderId).toArray().length
                looseOut.set(orderId, set.value.lines.reduce((sum, line) => sum + line.quantityMilli, 0) / 1_000 - sold)
              }
              return check(set)
            }
            case "lapse":
              sql.exec("UPDATE reservations SET expires_at = 1")
              sql.exec("INSERT INTO due (kind, at) VALUES ('stock', 1) ON CONFLICT (kind) DO UPDATE SET at = 1")
              await object.alarm()
              expect(sql.exec("SELECT id FROM reservations").toArray()).toEqual([])
          }
        }
      }),
      { seed, numRuns: histories },
    )
  })

  function placed(index: number): LocationId {
    return places[index] ?? b
  }
  function loose(count: number, place: number, id: ProductId) {
    return { type: "ADJUSTMENT" as const, productId: id, quantityMilli: count * 1_000, locationId: placed(place) }
  }
  function check(result: Result<unknown>): void {
    if (!result.ok) expect(allowedRefusals).toContain(result.error.code)
  }
}, 300_000)
