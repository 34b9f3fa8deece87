import { runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import {
  type HandleUnit,
  isOnHand,
  type UnitFact,
  type UnitVerb,
  unitStatuses,
  unitVerbs,
  unitVerbsFrom,
} from "../../../src/domains/units/rules.ts"
import type { LocationId, OrderId, ProductId, UnitId } from "../../../src/kernel/ids.ts"
import { hour } from "../../../src/kernel/time.ts"
import { adopted, d1, linkedBuyer, order, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { placeOf } from "../../support/places.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

type Market = { readonly ledger: TestLedger; readonly buyer: OrganizationFacts; readonly productId: ProductId }

/** A product with so many loose pieces and so many units. */
async function market(loose: number, units: number, lotNumber?: string, expiresOn?: string): Promise<Market & { units: UnitFact[] }> {
  const ledger = await adopted()
  const buyer = await linkedBuyer(ledger)
  const productId = (await stocked(ledger, loose)).id
  const made =
    units === 0 ? [] : await receive(ledger, productId, units, { ...(lotNumber && { lotNumber }), ...(expiresOn && { expiresOn }) })
  return { ledger, buyer, productId, units: made }
}

let serials = 0
async function receive(
  ledger: TestLedger,
  productId: ProductId,
  count: number,
  more: { lotNumber?: string; expiresOn?: string; locationId?: LocationId } = {},
): Promise<UnitFact[]> {
  const items = Array.from({ length: count }, () => ({ productId, serial: `SN-${(serials += 1)}`, ...more }))
  return [...(await ledger.must(ledger.owner, "receiveUnits", { items, form: "items" })).units]
}

const deed = (unitId: UnitId, verb: UnitVerb, more: Partial<HandleUnit> = {}): HandleUnit => ({
  unitId,
  verb,
  reason: null,
  mayRestore: true,
  ...(verb === "reserve" ? { holdMs: hour } : {}),
  ...more,
})
const handle = (ledger: TestLedger, { id }: { id: UnitId }, verb: UnitVerb, more?: Partial<HandleUnit>) =>
  ledger.must(ledger.owner, "handleUnit", deed(id, verb, more))
const codeOf = (ledger: TestLedger, { id }: { id: UnitId }, verb: UnitVerb, more?: Partial<HandleUnit>) =>
  ledger.codeOf(ledger.owner, "handleUnit", deed(id, verb, more))

const statuses = async (ledger: TestLedger) =>
  (await ledger.rows<{ status: string }>("SELECT status FROM units ORDER BY id")).map(({ status }) => status)
const levels = async (ledger: TestLedger) =>
  ledger.rows<{ on_hand: number; reserved: number }>(
    `SELECT on_hand_milli / 1000 AS on_hand, (SELECT coalesce(sum(quantity_milli), 0) / 1000 FROM reservations r
      WHERE (r.product_id, r.location_id, r.lot_id) = (l.product_id, l.location_id, l.lot_id)) AS reserved
     FROM stock_levels l WHERE on_hand_milli > 0 ORDER BY location_id, lot_id`,
  )
const reasons = async (ledger: TestLedger) =>
  (await ledger.rows<{ reason: string }>("SELECT reason FROM stock_movements ORDER BY id")).map(({ reason }) => reason)

async function accepted({ ledger, buyer, productId }: Market, units: number): Promise<OrderId> {
  const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [productId, units]))
  await ledger.must(ledger.owner, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null })
  return id
}
const set = (ledger: TestLedger, orderId: OrderId, status: "IN_DELIVERY" | "COMPLETED" | "CANCELLED") =>
  ledger.must(ledger.owner, "setOrderStatus", { orderId, status, reason: null })

describe("receiving", () => {
  test("INV-UNT-2: each unit is one more on hand, in one movement a cell and cost", async () => {
    const { ledger, productId } = await market(3, 0)
    const items = [1, 2, 3].map((n) => ({ productId, serial: `A-${n}`, unitCost: n === 3 ? "9.00" : "7.5" }))
    const { units } = await ledger.must(ledger.owner, "receiveUnits", { items, form: "items" })
    expect(units.map(({ status, version, history }) => [status, version, history.length])).toEqual(units.map(() => ["AVAILABLE", 1, 1]))
    expect(await levels(ledger)).toEqual([{ on_hand: 6, reserved: 0 }])
    expect(
      await ledger.rows(
        "SELECT quantity_milli, unit_cost_milli, unit_id IS NULL AS many FROM stock_movements WHERE reason = 'RECEIPT' ORDER BY id",
      ),
    ).toEqual([
      { quantity_milli: 2_000, unit_cost_milli: 750_000, many: 1 },
      { quantity_milli: 1_000, unit_cost_milli: 900_000, many: 0 },
    ])
    await expectProjected(ledger, [])
  })

  test("INV-UNT-4: a serial that is taken, or comes twice, refuses all and is named; another organization's is its own", async () => {
    const { ledger, productId } = await market(0, 0)
    const give = (...serial: string[]) =>
      ledger.give(ledger.owner, "receiveUnits", { form: "serials", items: serial.map((one) => ({ productId, serial: one })) })
    expect((await give("X-1", "X-2")).result.ok).toBe(true)
    const { result } = await give("X-3", "X-2", "X-4", "X-4")
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: "CONFLICT",
        extra: { serials: ["X-2", "X-4"] },
        errors: [{ pointer: "/serials/1", code: "TAKEN" }, { pointer: "/serials/3" }],
      },
    })
    expect(await ledger.count("units")).toBe(2)
    const other = await market(0, 0)
    expect(
      await other.ledger.codeOf(other.ledger.owner, "receiveUnits", {
        form: "one",
        items: [{ productId: other.productId, serial: "X-1" }],
      }),
    ).toBe("OK")
  })

  test("INV-UNT-5: what is weighed has no units, and what has units is not weighed from then on", async () => {
    const { ledger, productId } = await market(0, 1)
    const scale = await ledger.must(ledger.owner, "createProduct", {
      sku: "KG",
      name: "Flour",
      price: "1",
      unit: "kg",
      quantityStepMilli: 500,
    })
    expect(await ledger.codeOf(ledger.owner, "receiveUnits", { form: "one", items: [{ productId: scale.id, serial: "F" }] })).toBe(
      "OFF_STEP",
    )
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId, quantityStepMilli: 500, minOrderMilli: 500 })).toBe("OFF_STEP")
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId, quantityStepMilli: 2_000, minOrderMilli: 2_000 })).toBe("OK")
  })

  test("a lot comes in with its first unit, and its expiry is one for all", async () => {
    const { ledger, productId } = await market(0, 0)
    const item = (serial: string, expiresOn: string) => ({ productId, serial, lotNumber: "L-1", expiresOn })
    const { result } = await ledger.give(ledger.owner, "receiveUnits", {
      form: "items",
      items: [item("L1", "2099-01-01"), item("L2", "2099-02-01")],
    })
    expect(result).toMatchObject({ ok: false, error: { code: "VALIDATION_FAILED", errors: [{ pointer: "/items/1/expires_on" }] } })
    expect([await ledger.count("lots"), await ledger.count("units")]).toEqual([0, 0])
    const { units } = await ledger.must(ledger.owner, "receiveUnits", {
      form: "items",
      items: [item("L1", "2099-01-01"), item("L2", "2099-01-01")],
    })
    expect(units.map(({ lotNumber }) => lotNumber)).toEqual(["L-1", "L-1"])
    expect(await ledger.count("lots")).toBe(1)
    await expectProjected(ledger, [])
  })
})

describe("handling", () => {
  test("INV-UNT-1: every deed is allowed from its states alone, and INV-UNT-2: on hand follows the state", async () => {
    const { ledger, units } = await market(0, unitStatuses.length)
    const elsewhere = await placeOf(ledger, "B")
    const ways = {
      AVAILABLE: [],
      RESERVED: [["reserve"]],
      SOLD: [["sell"]],
      DAMAGED: [["damage"]],
      RMA: [["sell"], ["return"]],
      IN_TRANSIT: [["move", { locationId: elsewhere, viaTransit: true }]],
    } as const satisfies Record<string, ReadonlyArray<readonly [UnitVerb, Partial<HandleUnit>?]>>
    for (const [index, status] of unitStatuses.entries()) {
      const unit = units[index]
      if (unit === undefined) throw new Error("too few units")
      for (const [verb, more] of ways[status] as ReadonlyArray<readonly [UnitVerb, Partial<HandleUnit>?]>)
        await handle(ledger, unit, verb, more)
      for (const verb of unitVerbs.filter((one) => !unitVerbsFrom[one].includes(status))) {
        const { result } = await ledger.give(ledger.owner, "handleUnit", deed(unit.id, verb, { locationId: elsewhere }))
        expect(result, `${verb} of ${status}`).toMatchObject({ ok: false, error: { code: "INVALID_TRANSITION", current: status } })
      }
    }
    expect(await statuses(ledger)).toEqual([...unitStatuses])
    const [sum] = await ledger.rows<{ sum: number }>("SELECT sum(on_hand_milli) AS sum FROM stock_levels")
    expect(sum).toEqual({ sum: unitStatuses.filter(isOnHand).length * 1_000 })
    await expectProjected(ledger, [])
  })

  test("a unit that came back is on hand again once it is released, where it is put", async () => {
    const { ledger, units } = await market(0, 1)
    const [unit] = units as [UnitFact]
    const shelf = await placeOf(ledger, "B")
    await handle(ledger, unit, "sell", { reason: "at the fair" })
    await handle(ledger, unit, "return")
    expect(await levels(ledger)).toEqual([])
    const back = await handle(ledger, unit, "release", { locationId: shelf })
    expect(back).toMatchObject({ status: "AVAILABLE", locationId: shelf, version: 4 })
    expect(back.history.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [null, "AVAILABLE", null],
      ["AVAILABLE", "SOLD", "at the fair"],
      ["SOLD", "RMA", null],
      ["RMA", "AVAILABLE", null],
    ])
    expect((await reasons(ledger)).slice(-3)).toEqual(["RECEIPT", "UNIT_SOLD", "UNIT_RESTORED"])
    expect(await levels(ledger)).toEqual([{ on_hand: 1, reserved: 0 }])
    await expectProjected(ledger, [])
  })

  test("a unit travels by way of in transit, and only its own move says that it arrived", async () => {
    const { ledger, units, productId } = await market(2, 2)
    const [unit, lost] = units as [UnitFact, UnitFact]
    const [there, third] = [await placeOf(ledger, "B"), await placeOf(ledger, "C")]
    const away = await handle(ledger, unit, "move", { locationId: there, viaTransit: true })
    expect(away.status).toBe("IN_TRANSIT")
    const transits = () =>
      ledger.rows<{ movement_id: string; left_milli: number }>("SELECT movement_id, left_milli FROM transits ORDER BY movement_id")
    const [sent] = await transits()
    // Loose goods that travel beside it do not stand in for it.
    await ledger.must(ledger.owner, "recordMovements", {
      onError: "reject_all",
      items: [{ type: "TRANSFER", productId, quantityMilli: 1_000, toLocationId: there, viaTransit: true }],
    })
    const receives = sent?.movement_id as `mov_${string}`
    expect(
      await ledger.codeOf(ledger.owner, "recordMovements", {
        onError: "reject_all",
        items: [{ type: "TRANSFER", productId, quantityMilli: 1_000, receives }],
      }),
    ).toBe("VALIDATION_FAILED")
    expect(await codeOf(ledger, unit, "move", { viaTransit: true })).toBe("VALIDATION_FAILED")
    expect(await handle(ledger, unit, "move")).toMatchObject({ status: "AVAILABLE", locationId: there })
    expect(await handle(ledger, unit, "move", { locationId: third })).toMatchObject({ status: "AVAILABLE", locationId: third })
    await handle(ledger, lost, "move", { locationId: there, viaTransit: true })
    await handle(ledger, lost, "damage", { reason: "fell off" })
    expect((await transits()).map(({ left_milli }) => left_milli)).toEqual([0, 1_000, 0])
    expect(await codeOf(ledger, unit, "move", { locationId: third })).toBe("VALIDATION_FAILED")
    expect(await codeOf(ledger, unit, "move")).toBe("VALIDATION_FAILED")
    await expectProjected(ledger, [])
  })

  test("INV-UNT-3: what orders were promised is neither reserved, sold, moved nor damaged away", async () => {
    const { ledger, units, productId } = await market(0, 1)
    const [unit] = units as [UnitFact]
    await runInDurableObject(ledger.stub, (_, { storage }) => {
      storage.sql.exec(
        "INSERT INTO reservations VALUES ('rsv_order', ?, ?, '', 1000, 'ord_1', 'oln_1', NULL, ?, 1)",
        productId,
        unit.locationId,
        Date.now() + hour,
      )
    })
    const there = await placeOf(ledger, "B")
    for (const verb of ["reserve", "sell", "damage", "move"] as const)
      expect(await codeOf(ledger, unit, verb, { locationId: there }), verb).toBe("STOCK_INSUFFICIENT")
    expect(await statuses(ledger)).toEqual(["AVAILABLE"])
  })

  test("INV-LOT-2: what is out of date, on hold or in quarantine is neither reserved nor sold, but moved and damaged", async () => {
    const { ledger, units, productId } = await market(0, 2, "OLD", "2020-01-01")
    const held = await receive(ledger, productId, 2, { lotNumber: "HELD" })
    await runInDurableObject(ledger.stub, (_, { storage }) => {
      storage.sql.exec("UPDATE lots SET status = 'QUARANTINED' WHERE number = 'HELD'")
    })
    const aside = await placeOf(ledger, "Q", "QUARANTINE")
    const [put] = await receive(ledger, productId, 1, { locationId: aside })
    for (const unit of [...units, ...held, put as UnitFact]) {
      expect([await codeOf(ledger, unit, "reserve"), await codeOf(ledger, unit, "sell")]).toEqual(["CONFLICT", "CONFLICT"])
    }
    expect(await codeOf(ledger, units[0] as UnitFact, "damage")).toBe("OK")
    expect(await codeOf(ledger, held[0] as UnitFact, "move", { locationId: aside })).toBe("OK")
  })

  test("refuse a stale version and somebody else, and repeat nothing", async () => {
    const { ledger, units, buyer } = await market(0, 1)
    const [unit] = units as [UnitFact]
    expect(await ledger.codeOf(ledger.owner, "handleUnit", deed(unit.id, "reserve"), { ifMatch: 2 })).toBe("VERSION_MISMATCH")
    expect(await ledger.codeOf(buyer, "handleUnit", deed(unit.id, "reserve"))).toBe("NOT_FOUND")
    const commandId = crypto.randomUUID()
    const once = await ledger.give(ledger.owner, "handleUnit", deed(unit.id, "reserve"), { commandId, ifMatch: 1 })
    expect(await ledger.give(ledger.owner, "handleUnit", deed(unit.id, "reserve"), { commandId, ifMatch: 1 })).toMatchObject({
      result: once.result,
    })
    expect(await ledger.count("reservations")).toBe(1)
  })
})

describe("reservations", () => {
  test("INV-STK-8: end with their time by the ledger's alarm, which tells so, and not before", async () => {
    const { ledger, units } = await market(0, 2)
    const [short, long] = units as [UnitFact, UnitFact]
    await handle(ledger, short, "reserve", { holdMs: 1 })
    await handle(ledger, long, "reserve", { holdMs: 48 * hour })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await ledger.comeDue("stock")
    expect(await statuses(ledger)).toEqual(["AVAILABLE", "RESERVED"])
    expect(await levels(ledger)).toEqual([{ on_hand: 2, reserved: 1 }])
    const [row] = await ledger.rows<{ history: string }>("SELECT history FROM units WHERE id = ?", short.id)
    expect(JSON.parse(row?.history ?? "")).toMatchObject([
      {},
      { to: "RESERVED" },
      { from: "RESERVED", to: "AVAILABLE", reason: "EXPIRED", by: { id: null } },
    ])
    await ledger.comeDue("relay")
    expect(
      await d1("select json_extract(data, '$.reason') as reason from events where org_id = ? and type = 'unit.released'", ledger.owner.id),
    ).toEqual([{ reason: "EXPIRED" }])
    // And the next is waited for.
    expect(await ledger.rows("SELECT at FROM due WHERE kind = 'stock'")).toHaveLength(1)
    await expectProjected(ledger, [])
  })

  test("INV-LOT-4: end with their lot's last day", async () => {
    const { ledger, units } = await market(0, 1, "L", "2099-01-01")
    await handle(ledger, units[0] as UnitFact, "reserve")
    await runInDurableObject(ledger.stub, (_, { storage }) => {
      storage.sql.exec("UPDATE lots SET expires_on = '2020-01-01'")
    })
    await ledger.comeDue("stock")
    expect(await statuses(ledger)).toEqual(["AVAILABLE"])
    expect(await levels(ledger)).toEqual([{ on_hand: 1, reserved: 0 }])
    expect(await codeOf(ledger, units[0] as UnitFact, "reserve")).toBe("CONFLICT")
  })

  test("20 at once for one unit: one wins", async () => {
    const { ledger, units } = await market(0, 1)
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(ledger, units[0] as UnitFact, "reserve")))
    expect(codes.filter((code) => code === "OK")).toHaveLength(1)
    expect(codes.filter((code) => code === "INVALID_TRANSITION")).toHaveLength(19)
    expect(await levels(ledger)).toEqual([{ on_hand: 1, reserved: 1 }])
  })
})

describe("orders", () => {
  test("INV-STK-6: take what is loose first, then the very units that were there longest; cancelling gives back those", async () => {
    const shop = await market(2, 3)
    const { ledger, units } = shop
    const id = await accepted(shop, 4)
    expect(await statuses(ledger)).toEqual(["SOLD", "SOLD", "AVAILABLE"])
    expect(await ledger.rows("SELECT id FROM units WHERE order_id = ? ORDER BY id", id)).toEqual(
      units.slice(0, 2).map((unit) => ({ id: unit.id })),
    )
    expect(await levels(ledger)).toEqual([{ on_hand: 1, reserved: 0 }])
    await expectProjected(ledger, [shop.buyer])
    await set(ledger, id, "CANCELLED")
    expect(await statuses(ledger)).toEqual(["AVAILABLE", "AVAILABLE", "AVAILABLE"])
    expect(await ledger.count("units WHERE order_id IS NOT NULL")).toBe(0)
    expect(await levels(ledger)).toEqual([{ on_hand: 5, reserved: 0 }])
    await expectProjected(ledger, [shop.buyer])
  })

  test("do not take what is reserved, and take it when it is free again", async () => {
    const shop = await market(0, 2)
    const { ledger, units } = shop
    await handle(ledger, units[0] as UnitFact, "reserve")
    const { id } = await ledger.must(shop.buyer, "placeOrder", order(shop.buyer, [shop.productId, 2]))
    const accept = () => ledger.codeOf(ledger.owner, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null })
    expect(await accept()).toBe("STOCK_INSUFFICIENT")
    expect(await codeOf(ledger, units[0] as UnitFact, "release", { locationId: await placeOf(ledger, "B") })).toBe("VALIDATION_FAILED")
    await handle(ledger, units[0] as UnitFact, "release")
    expect(await accept()).toBe("OK")
    expect(await statuses(ledger)).toEqual(["SOLD", "SOLD"])
  })

  test("INV-UNT-6: what an order took comes back once: by its cancellation, or under RMA when it is completed", async () => {
    const shop = await market(0, 1)
    const { ledger, units } = shop
    const [unit] = units as [UnitFact]
    const id = await accepted(shop, 1)
    expect(await codeOf(ledger, unit, "return")).toBe("CONFLICT")
    await set(ledger, id, "IN_DELIVERY")
    expect(await codeOf(ledger, unit, "return")).toBe("CONFLICT")
    await set(ledger, id, "COMPLETED")
    expect(await handle(ledger, unit, "return")).toMatchObject({ status: "RMA", orderId: id })
    expect(await handle(ledger, unit, "release")).toMatchObject({ status: "AVAILABLE", orderId: null })
    expect(await levels(ledger)).toEqual([{ on_hand: 1, reserved: 0 }])
  })

  test("accepted while units are reserved, all at once, oversell nothing", async () => {
    const shop = await market(1, 6)
    const { ledger, units, buyer, productId } = shop
    const orders = await Promise.all(Array.from({ length: 8 }, () => ledger.must(buyer, "placeOrder", order(buyer, [productId, 1]))))
    const codes = await Promise.all([
      ...orders.map(({ id }) => ledger.codeOf(ledger.owner, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null })),
      ...units.map((unit) => codeOf(ledger, unit, "reserve")),
    ])
    expect(codes.filter((code) => code === "OK")).toHaveLength(7)
    const [level] = await levels(ledger)
    const [sold, reserved] = [
      (await statuses(ledger)).filter((one) => one === "SOLD"),
      (await statuses(ledger)).filter((one) => one === "RESERVED"),
    ]
    expect(level === undefined ? [0, 0] : [level.on_hand, level.reserved]).toEqual([reserved.length, reserved.length])
    expect(sold.length + reserved.length).toBe(6)
    await expectProjected(ledger, [buyer])
  })
})
