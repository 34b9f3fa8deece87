import { afterEach, describe, expect, test, vi } from "vitest"
import type { ProductId } from "../../../src/kernel/ids.ts"
import { day } from "../../../src/kernel/time.ts"
import { dateIn } from "../../../src/kernel/zoned-time.ts"
import { adopted, d1, eventually, linkedBuyer, order, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"
import { recordAll } from "../../support/stock.ts"

quiet()

/** The clock of test and object, which is one. */
let clock: { mockRestore(): void } | undefined
const at = (instant: number): void => {
  clock?.mockRestore()
  clock = vi.spyOn(Date, "now").mockReturnValue(instant)
}
afterEach(() => clock?.mockRestore())

const receive = (ledger: TestLedger, productId: ProductId, lotNumber: string, quantityMilli: number, expiresOn?: string) =>
  recordAll(ledger, { type: "IN", productId, lotNumber, quantityMilli, ...(expiresOn === undefined ? {} : { expiresOn }) })

const accept = (orderId: `ord_${string}`) => ({ orderId, status: "ACCEPTED" as const, reason: null })

async function placed(ledger: TestLedger, productId: ProductId, units: number) {
  const buyer = await linkedBuyer(ledger)
  return { buyer, order: await ledger.must(buyer, "placeOrder", order(buyer, [productId, units])) }
}

/** Stock by lot number. */
const onHand = async (ledger: TestLedger): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await ledger.rows<{ number: string; sum: number }>(
        "SELECT coalesce(lots.number, '') AS number, sum(on_hand_milli) AS sum FROM stock_levels LEFT JOIN lots ON lots.id = lot_id GROUP BY lot_id",
      )
    ).map(({ number, sum }) => [number, sum]),
  )

const reserve = (ledger: TestLedger, quantityMilli: number, unitId: string | null = null) =>
  ledger.rows(
    `INSERT INTO reservations SELECT 'rsv_' || ?, product_id, location_id, lot_id, ?, NULL, NULL, ?, 9e15, 1 FROM stock_levels WHERE lot_id <> ''`,
    unitId ?? "loose",
    quantityMilli,
    unitId,
  )

const eventsOf = async (orgId: string, type: string) =>
  (await d1<{ data: string }>("select data from events where org_id = ? and type = ? order by seq", orgId, type)).map(({ data }) =>
    JSON.parse(data),
  )

const readyWithin = 60_000

/** A warehouse beside the main one; made by hand here, since only its being there matters. */
const secondPlace = (ledger: TestLedger) =>
  ledger.rows(
    "INSERT INTO locations (id, code, name, is_default, version, seq) VALUES ('whs_00000000000000000000000002', 'TWO', 'Two', 0, 1, 1)",
  )

describe("lots and orders", () => {
  test("INV-LOT-3: first expired goes first, what keeps for ever last, and a cancel returns to the very lots", async () => {
    const ledger = await adopted()
    const { id } = await stocked(ledger, 0)
    await receive(ledger, id, "KEEPS", 5_000)
    await receive(ledger, id, "LATER", 5_000, "2090-01-01")
    await receive(ledger, id, "SOONER", 5_000, "2080-01-01")
    const { buyer, order: made } = await placed(ledger, id, 11)
    await ledger.must(ledger.owner, "setOrderStatus", accept(made.id))
    expect(await onHand(ledger)).toEqual({ SOONER: 0, LATER: 0, KEEPS: 4_000 })
    await ledger.must(buyer, "setOrderStatus", { orderId: made.id, status: "CANCELLED", reason: null })
    expect(await onHand(ledger)).toEqual({ SOONER: 5_000, LATER: 5_000, KEEPS: 5_000 })
    await ledger.rpc.reconcile()
    await expectProjected(ledger, [buyer])
  })

  test("INV-LOT-2: what is out of date or held is never sold, but moved, returned and destroyed", async () => {
    const ledger = await adopted()
    await secondPlace(ledger)
    const { id } = await stocked(ledger, 0)
    await receive(ledger, id, "OLD", 5_000, "2020-01-01")
    await receive(ledger, id, "HELD", 5_000, "2080-01-01")
    await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "HELD", status: "QUARANTINED", reason: "Cooling failed" })
    const { order: made } = await placed(ledger, id, 1)
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", accept(made.id))).toBe("STOCK_INSUFFICIENT")
    for (const lotNumber of ["OLD", "HELD"]) {
      const some = { productId: id, lotNumber, quantityMilli: 1_000 }
      await recordAll(
        ledger,
        { type: "TRANSFER", ...some, toLocationId: "whs_00000000000000000000000002" },
        { type: "OUT", ...some, reason: "DESTROYED" },
        { type: "OUT", ...some, reason: "RETURNED_TO_SUPPLIER" },
        { type: "IN", ...some, reason: "RETURNED" },
        { type: "ADJUSTMENT", ...some, quantityMilli: -1_000 },
      )
    }
    expect(await onHand(ledger)).toEqual({ OLD: 3_000, HELD: 3_000 })
    await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "HELD", status: "ACTIVE", reason: null })
    await ledger.must(ledger.owner, "setOrderStatus", accept(made.id))
    expect(await onHand(ledger)).toEqual({ OLD: 3_000, HELD: 2_000 })
  })

  test("INV-LOT-2: what is recalled comes back, and nothing else of it comes in", async () => {
    const ledger = await adopted()
    const { id } = await stocked(ledger, 0)
    await receive(ledger, id, "BAD", 5_000)
    const { buyer, order: made } = await placed(ledger, id, 2)
    await ledger.must(ledger.owner, "setOrderStatus", accept(made.id))
    await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "BAD", status: "RECALLED", reason: "Glass" })
    const some = { type: "IN", productId: id, lotNumber: "BAD", quantityMilli: 1_000 } as const
    expect(await ledger.codeOf(ledger.owner, "recordMovements", { items: [some], onError: "reject_all" })).toBe("CONFLICT")
    await recordAll(ledger, { ...some, reason: "RETURNED" })
    await ledger.must(buyer, "setOrderStatus", { orderId: made.id, status: "CANCELLED", reason: null })
    expect(await onHand(ledger)).toEqual({ BAD: 6_000 })
  })

  test("INV-LOT-4: nothing stays reserved of a lot that is held, a unit no more than loose stock", async () => {
    const ledger = await adopted()
    const { id } = await stocked(ledger, 0)
    await receive(ledger, id, "L-1", 5_000)
    const { movements } = await recordAll(ledger, { type: "IN", productId: id, lotNumber: "L-1", quantityMilli: 1_000, serial: "SN-1" })
    const unitId = movements[0]?.unitId ?? ""
    await reserve(ledger, 2_000)
    await reserve(ledger, 1_000, unitId)
    await ledger.rows("UPDATE units SET status = 'RESERVED', reserved_until = 9e15 WHERE id = ?", unitId)
    await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "L-1", status: "QUARANTINED", reason: null })
    expect(await ledger.count("reservations")).toBe(0)
    expect(await ledger.rows("SELECT status, reserved_until FROM units")).toEqual([{ status: "AVAILABLE", reserved_until: null }])
    expect(await d1("select reserved_milli, lot_status from stock_levels where org_id = ? and lot_id <> ''", ledger.owner.id)).toEqual([
      { reserved_milli: 0, lot_status: "QUARANTINED" },
    ])
  })

  test("INV-LOT-5: a recall tells each buyer of its own orders alone, what came back taken off", async () => {
    const ledger = await adopted()
    const { id, sku } = await stocked(ledger, 0)
    await receive(ledger, id, "L-1", 20_000, "2080-01-01")
    const [one, two, three] = [await linkedBuyer(ledger, "One"), await linkedBuyer(ledger, "Two"), await linkedBuyer(ledger, "Three")]
    const numbers: string[] = []
    for (const [buyer, units] of [
      [one, 3],
      [one, 2],
      [two, 4],
      [three, 5],
    ] as const) {
      const made = await ledger.must(buyer, "placeOrder", order(buyer, [id, units]))
      await ledger.must(ledger.owner, "setOrderStatus", accept(made.id))
      numbers.push(made.number)
      if (buyer === three) await ledger.must(buyer, "setOrderStatus", { orderId: made.id, status: "CANCELLED", reason: null })
    }
    const recalled = await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "L-1", status: "RECALLED", reason: "Glass" })
    expect(recalled).toMatchObject({ onHandMilli: 11_000, isCutShort: false })
    await eventually("the events are there", readyWithin, async () => (await eventsOf(two.id, "lot.recall_received")).length > 0)
    expect(await eventsOf(one.id, "lot.recall_received")).toMatchObject([
      {
        lot_number: "L-1",
        sku,
        expires_on: "2080-01-01",
        reason: "Glass",
        counterparty_name: ledger.owner.name,
        quantity: 5,
        orders: [
          { number: numbers[1], quantity: 2 },
          { number: numbers[0], quantity: 3 },
        ],
      },
    ])
    expect(await eventsOf(two.id, "lot.recall_received")).toMatchObject([{ quantity: 4, orders: [{ number: numbers[2] }] }])
    expect(await eventsOf(three.id, "lot.recall_received")).toEqual([])
    expect(await eventsOf(ledger.owner.id, "lot.recalled")).toMatchObject([{ lot_number: "L-1", status: "RECALLED", on_hand: 11 }])
  })
})

describe("a lot whose day is over", () => {
  test("INV-STK-8: is noted once by the alarm: reservations end, availability falls, its owner is told", async () => {
    const now = Date.now()
    const ledger = await adopted()
    const { id } = await stocked(ledger, 0)
    await receive(ledger, id, "L-1", 5_000, dateIn(now, "UTC"))
    await receive(ledger, id, "L-2", 3_000, "2080-01-01")
    const { order: made } = await placed(ledger, id, 1)
    // On its last day it is sold.
    await ledger.must(ledger.owner, "setOrderStatus", accept(made.id))
    expect(await onHand(ledger)).toEqual({ "L-1": 4_000, "L-2": 3_000 })
    await ledger.rows(
      "INSERT INTO reservations SELECT 'rsv_1', l.product_id, location_id, lot_id, 2000, NULL, NULL, NULL, 9e15, 1 FROM stock_levels l JOIN lots ON lots.id = lot_id WHERE number = 'L-1'",
    )
    await ledger.comeDue("stock")
    expect(await ledger.rows("SELECT number FROM lots WHERE expired_at IS NOT NULL")).toEqual([])
    expect(await ledger.count("reservations")).toBe(1)

    at(now + day)
    await ledger.comeDue("stock")
    await ledger.comeDue("relay")
    expect(await ledger.rows("SELECT number FROM lots WHERE expired_at IS NOT NULL")).toEqual([{ number: "L-1" }])
    expect(await ledger.count("reservations")).toBe(0)
    expect(await d1("select stock_milli, available_milli from products where org_id = ?", ledger.owner.id)).toEqual([
      { stock_milli: 7_000, available_milli: 3_000 },
    ])
    await ledger.comeDue("stock")
    await ledger.comeDue("relay")
    expect(await eventsOf(ledger.owner.id, "lot.expired")).toMatchObject([{ lot_number: "L-1", status: "EXPIRED", on_hand: 4 }])
    const [due] = await ledger.rows<{ at: number }>("SELECT at FROM due WHERE kind = 'stock'")
    expect(due?.at).toBeGreaterThan(now + 2 * day)
  })

  test("is over where the supplier is, and is not sold from then on, noted or not", async () => {
    // Noon in UTC of the first: the first still in Los Angeles, and the second already on Kiritimati.
    const noon = Date.parse("2027-06-01T12:00:00Z")
    for (const [timeZone, code] of [
      ["America/Los_Angeles", "OK"],
      ["Pacific/Kiritimati", "STOCK_INSUFFICIENT"],
    ] as const) {
      const ledger = await adopted("Far away", {
        settings: { currency: "USD", time_zone: timeZone, share_stock: false, require_kyb_for_link_approval: false },
      })
      const { id } = await stocked(ledger, 0)
      await receive(ledger, id, "L-1", 5_000, "2027-06-01")
      const { order: made } = await placed(ledger, id, 1)
      at(noon)
      expect(await ledger.codeOf(ledger.owner, "setOrderStatus", accept(made.id)), timeZone).toBe(code)
      await ledger.comeDue("stock")
      expect((await ledger.rows("SELECT 1 FROM lots WHERE expired_at IS NOT NULL")).length, timeZone).toBe(code === "OK" ? 0 : 1)
      clock?.mockRestore()
    }
  })

  test("INV-STK-8: a reservation ends when its time does, by the alarm", async () => {
    const ledger = await adopted()
    const { id } = await stocked(ledger, 0)
    await receive(ledger, id, "L-1", 5_000)
    await reserve(ledger, 2_000)
    await ledger.comeDue("stock")
    expect(await ledger.count("reservations")).toBe(1)
    await ledger.rows("UPDATE reservations SET expires_at = 1")
    await ledger.comeDue("stock")
    expect(await ledger.count("reservations")).toBe(0)
  })
})
