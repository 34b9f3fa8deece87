import { beforeAll, describe, expect, test } from "vitest"
import { type OrderLine, type OrderStatus, orderFlow, orderStatuses, settableOrderStatuses } from "../../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import type { OrderId } from "../../../src/kernel/ids.ts"
import { d1, linkedBuyer, order, organization, quiet, stocked, type TestLedger, trading } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

const to = (orderId: OrderId, status: (typeof settableOrderStatuses)[number], reason: string | null = null) => ({ orderId, status, reason })

/** How an order comes to each state. */
const ways: Record<OrderStatus, ReadonlyArray<(typeof settableOrderStatuses)[number]>> = {
  PENDING: [],
  AMENDED: [],
  ACCEPTED: ["ACCEPTED"],
  REJECTED: ["REJECTED"],
  IN_DELIVERY: ["ACCEPTED", "IN_DELIVERY"],
  FAILED_DELIVERY: ["ACCEPTED", "IN_DELIVERY", "FAILED_DELIVERY"],
  COMPLETED: ["ACCEPTED", "IN_DELIVERY", "COMPLETED"],
  CANCELLED: ["CANCELLED"],
}

const halved = (lines: readonly OrderLine[]) => lines.map(({ id, quantityMilli }) => ({ itemId: id, quantityMilli: quantityMilli / 2 }))

async function orderIn(
  status: OrderStatus,
  ledger: TestLedger,
  buyer: OrganizationFacts,
  input: ReturnType<typeof order>,
): Promise<OrderId> {
  const { id, lines } = await ledger.must(buyer, "placeOrder", input)
  if (status === "AMENDED") {
    await ledger.must(ledger.owner, "setOrderStatus", {
      ...to(id, "ACCEPTED"),
      amendment: { items: halved(lines), answerWithinMs: 60_000 },
    })
  }
  for (const next of ways[status]) await ledger.must(ledger.owner, "setOrderStatus", to(id, next))
  return id
}

const stockOf = async (ledger: TestLedger) =>
  (await d1<{ stock_milli: number }>("select stock_milli from products where org_id = ? order by id", ledger.owner.id)).map(
    ({ stock_milli }) => stock_milli,
  )

describe("placing an order", () => {
  test("INV-ORD-4: keeps today's prices, takes no stock, and shows on both sides without the supplier's own words", async () => {
    const { ledger, buyer, product } = await trading()
    const placed = await ledger.must(buyer, "placeOrder", {
      ...order(buyer, [product.id, 3]),
      note: "ring twice",
      requestedDeliveryOn: "2026-12-01",
    })
    expect(placed).toMatchObject({
      number: "SO-00001",
      status: "PENDING",
      totalMinor: 1_797,
      note: "ring twice",
      requestedDeliveryOn: "2026-12-01",
      version: 1,
    })
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, price: "9.99" })
    await ledger.must(ledger.owner, "setOrderStatus", { ...to(placed.id, "ACCEPTED"), internalNote: "pays late" })
    const rows = await d1<{ side: string; total_minor: number; internal_note: string | null; lines: string }>(
      "select * from orders where id = ? order by side",
      placed.id,
    )
    expect(rows.map(({ side, total_minor, internal_note }) => ({ side, total_minor, internal_note }))).toEqual([
      { side: "buyer", total_minor: 1_797, internal_note: null },
      { side: "supplier", total_minor: 1_797, internal_note: "pays late" },
    ])
    // INV-ORD-4, word for word: nothing in the buyer's row or events says it.
    const told = await d1("select data from events where org_id = ?", buyer.id)
    expect(JSON.stringify([rows[0], told])).not.toContain("pays late")
    expect(await ledger.rpc.readOrder(buyer.id, placed.id)).toMatchObject({ internalNote: null })
    expect(await ledger.rpc.readOrder(ledger.owner.id, placed.id)).toMatchObject({ internalNote: "pays late" })
    await expectProjected(ledger, [buyer])
  })

  test("by the supplier's staff for a linked buyer says in its history who did", async () => {
    const { ledger, buyer, product } = await trading()
    const placed = await ledger.must(ledger.owner, "placeOrder", order(buyer, [product.id, 1]))
    expect(placed.buyerId).toBe(buyer.id)
    expect(placed.history[0]?.by.organizationId).toBe(ledger.owner.id)
  })

  test("INV-ORD-5: by anybody else in a buyer's name is refused as if there were no link", async () => {
    const { ledger, buyer, product } = await trading()
    const other = await linkedBuyer(ledger, "Other")
    expect(await ledger.codeOf(other, "placeOrder", order(buyer, [product.id, 1]))).toBe("LINK_NOT_APPROVED")
    expect(await ledger.count("orders")).toBe(0)
  })

  test("INV-ORD-3: that is wrong in any line is refused whole, and uses up no number", async () => {
    const { ledger, buyer, product } = await trading()
    const large = await ledger.must(ledger.owner, "createProduct", {
      sku: "BOX",
      name: "Box",
      price: 1,
      minOrderMilli: 5_000,
      quantityStepMilli: 5_000,
    })
    const euro = await ledger.must(ledger.owner, "createProduct", { sku: "EUR", name: "Euro", price: 1, currency: "EUR" })
    const codeOf = (...lines: Parameters<typeof order>[1][]) => ledger.codeOf(buyer, "placeOrder", order(buyer, ...lines))
    expect(await codeOf([product.id, 1], ["prd_00000000000000000000000000", 1])).toBe("VALIDATION_FAILED")
    expect(await codeOf([product.id, 1], [large.id, 4])).toBe("OFF_STEP")
    expect(await codeOf([product.id, 0.5])).toBe("OFF_STEP")
    expect(await codeOf([product.id, 1], [euro.id, 1])).toBe("VALIDATION_FAILED")
    expect(await ledger.codeOf(buyer, "placeOrder", { ...order(buyer, [product.id, 1]), expectedTotal: "5.98" })).toBe("PRICE_CHANGED")
    expect(await ledger.must(buyer, "placeOrder", { ...order(buyer, [product.id, 1]), expectedTotal: "5.99" })).toMatchObject({
      number: "SO-00001",
    })
  })

  test("with a deactivated supplier is refused", async () => {
    const { ledger, buyer, product } = await trading()
    await ledger.rpc.adopt({ ...ledger.owner, status: "DEACTIVATED", version: 2 })
    expect(await ledger.codeOf(buyer, "placeOrder", order(buyer, [product.id, 1]))).toBe("ORGANIZATION_DEACTIVATED")
  })

  test("again takes today's prices and the same lines, for the buyer alone", async () => {
    const { ledger, buyer, product } = await trading()
    const first = await ledger.must(buyer, "placeOrder", { ...order(buyer, [product.id, 2], [product.id, 1]), note: "ring twice" })
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, price: "7.00" })
    expect(await ledger.codeOf(ledger.owner, "reorder", { orderId: first.id })).toBe("NOT_FOUND")
    expect(await ledger.codeOf(buyer, "reorder", { orderId: first.id, expectedTotal: "17.97" })).toBe("PRICE_CHANGED")
    const again = await ledger.must(buyer, "reorder", { orderId: first.id, expectedTotal: "21.00" })
    expect(again).toMatchObject({ number: "SO-00002", totalMinor: 2_100, note: "ring twice", status: "PENDING" })
    expect(again.lines.map(({ quantityMilli }) => quantityMilli)).toEqual([2_000, 1_000])
  })
})

describe("moving an order", () => {
  test.each(orderStatuses)("from %s goes where its flow says and nowhere else, on either side", async (from) => {
    const { ledger, buyer, product } = await trading(100)
    const lines = order(buyer, [product.id, 2])
    for (const status of settableOrderStatuses) {
      const mayGo = (orderFlow[from] as readonly string[]).includes(status)
      const isAnswer = from === "AMENDED" && status === "ACCEPTED"
      const supplierMay = mayGo && !isAnswer
      const buyerMay = mayGo && (status === "CANCELLED" || status === "COMPLETED" || isAnswer)
      const isSuppliers = from === "PENDING" && status === "ACCEPTED"
      expect(await ledger.codeOf(buyer, "setOrderStatus", to(await orderIn(from, ledger, buyer, lines), status)), `buyer ${status}`).toBe(
        buyerMay ? "OK" : isSuppliers ? "FORBIDDEN" : "INVALID_TRANSITION",
      )
      expect(
        await ledger.codeOf(ledger.owner, "setOrderStatus", to(await orderIn(from, ledger, buyer, lines), status)),
        `supplier ${status}`,
      ).toBe(supplierMay ? "OK" : "INVALID_TRANSITION")
    }
    await expectProjected(ledger, [buyer])
  })

  test("accepting takes all lines' stock, and again nothing", async () => {
    const { ledger, buyer, product } = await trading(10)
    const other = await stocked(ledger, 4)
    const id = await orderIn("ACCEPTED", ledger, buyer, order(buyer, [product.id, 3], [other.id, 4], [product.id, 2]))
    expect(await stockOf(ledger)).toEqual([5_000, 0])
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(id, "ACCEPTED"))).toBe("INVALID_TRANSITION")
    expect(await stockOf(ledger)).toEqual([5_000, 0])
    await ledger.must(ledger.owner, "setOrderStatus", to(id, "IN_DELIVERY"))
    await ledger.must(buyer, "setOrderStatus", to(id, "COMPLETED"))
    expect(await stockOf(ledger)).toEqual([5_000, 0])
  })

  test("INV-STK-2: one line that is short takes none; each short product is named with asked and available", async () => {
    const { ledger, buyer, product } = await trading(10)
    const other = await stocked(ledger, 4)
    const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 3], [other.id, 3], [other.id, 2]))
    const { result } = await ledger.give(ledger.owner, "setOrderStatus", to(id, "ACCEPTED"))
    expect(result).toMatchObject({
      ok: false,
      error: { code: "STOCK_INSUFFICIENT", extra: { shortages: [{ product_id: other.id, sku: other.sku, asked: 5, available: 4 }] } },
    })
    expect(await stockOf(ledger)).toEqual([10_000, 4_000])
    expect(await ledger.rpc.readOrder(buyer.id, id)).toMatchObject({ status: "PENDING", version: 1 })
  })

  test("INV-STK-3: a cancel puts back exactly what the accept took, to where it came from, once", async () => {
    const { ledger, buyer, product } = await trading(2)
    // A second location, as warehouses will make them, so that the accept takes from two.
    await ledger.rows("INSERT INTO locations (id, code, name, is_default, version, seq) VALUES ('whs_other', 'OTHER', 'Other', 0, 1, 1)")
    await ledger.must(ledger.owner, "recordMovements", {
      items: [{ type: "IN", productId: product.id, quantityMilli: 5_000, locationId: "whs_other" }],
      onError: "reject_all",
    })
    const levels = () => ledger.rows("SELECT location_id, on_hand_milli FROM stock_levels ORDER BY on_hand_milli")
    const before = await levels()
    const id = await orderIn("ACCEPTED", ledger, buyer, order(buyer, [product.id, 3], [product.id, 2]))
    expect((await levels()).map(({ on_hand_milli }) => on_hand_milli)).toEqual([0, 2_000])
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, isActive: false, price: "1.00" })
    await ledger.must(buyer, "setOrderStatus", to(id, "CANCELLED", "changed our minds"), { commandId: "cancel" })
    await ledger.must(buyer, "setOrderStatus", to(id, "CANCELLED", "changed our minds"), { commandId: "cancel" })
    expect(await ledger.codeOf(buyer, "setOrderStatus", to(id, "CANCELLED"))).toBe("INVALID_TRANSITION")
    expect(await levels()).toEqual(before)
    expect(
      await ledger.rows(
        "SELECT sum(quantity_milli) AS sum, count(*) AS n FROM stock_movements WHERE order_id = ? GROUP BY order_line_id, location_id",
        id,
      ),
    ).toEqual(Array.from({ length: 3 }, () => ({ sum: 0, n: 2 })))
    await ledger.rpc.reconcile()
    await expectProjected(ledger, [buyer])
  })

  test("cancelling or rejecting what is PENDING moves no stock", async () => {
    const { ledger, buyer, product } = await trading(10)
    await orderIn("CANCELLED", ledger, buyer, order(buyer, [product.id, 3]))
    await orderIn("REJECTED", ledger, buyer, order(buyer, [product.id, 3]))
    expect(await stockOf(ledger)).toEqual([10_000])
    expect(await ledger.count("stock_movements")).toBe(1)
  })

  test("is no one's but the two parties', and on the version they saw", async () => {
    const { ledger, buyer, product } = await trading()
    const other = await linkedBuyer(ledger, "Other")
    const id = await orderIn("PENDING", ledger, buyer, order(buyer, [product.id, 1]))
    for (const stranger of [other, organization("Stranger")])
      expect(await ledger.codeOf(stranger, "setOrderStatus", to(id, "CANCELLED"))).toBe("NOT_FOUND")
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(id, "ACCEPTED"), { ifMatch: 2 })).toBe("VERSION_MISMATCH")
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(id, "ACCEPTED"), { ifMatch: 1 })).toBe("OK")
    expect(await ledger.rpc.readOrder(other.id, id)).toBeUndefined()
  })

  test("the buyer leaves the supplier's internal note alone", async () => {
    const { ledger, buyer, product } = await trading()
    const id = await orderIn("PENDING", ledger, buyer, order(buyer, [product.id, 1]))
    await ledger.must(ledger.owner, "setOrderStatus", { ...to(id, "ACCEPTED"), internalNote: "pays late" })
    await ledger.must(buyer, "setOrderStatus", { ...to(id, "CANCELLED"), internalNote: "pays at once" })
    expect(await ledger.rpc.readOrder(ledger.owner.id, id)).toMatchObject({ internalNote: "pays late" })
  })

  test("INV-CMD-2: each move leaves one audit row with whoever moved it, an event for each side, and a line of history", async () => {
    const { ledger, buyer, product } = await trading()
    const id = await orderIn("IN_DELIVERY", ledger, buyer, order(buyer, [product.id, 1]))
    await ledger.codeOf(buyer, "setOrderStatus", to(id, "REJECTED" as never))
    await ledger.must(buyer, "setOrderStatus", to(id, "COMPLETED", "thank you"))
    const { history = [] } = (await ledger.rpc.readOrder(buyer.id, id)) ?? {}
    expect(history.map(({ from, to: state, by, reason }) => [from, state, by.organizationId, reason])).toEqual([
      [null, "PENDING", buyer.id, null],
      ["PENDING", "ACCEPTED", ledger.owner.id, null],
      ["ACCEPTED", "IN_DELIVERY", ledger.owner.id, null],
      ["IN_DELIVERY", "COMPLETED", buyer.id, "thank you"],
    ])
    const audits = await d1<{ org_id: string; action: string }>("select org_id, action from audit_logs where entity_id = ?", id)
    expect(audits.map(({ org_id, action }) => `${org_id} ${action}`).sort()).toEqual(
      [
        `${buyer.id} orders.order.place`,
        `${ledger.owner.id} orders.order.accept`,
        `${ledger.owner.id} orders.order.deliver`,
        `${buyer.id} orders.order.complete`,
      ].sort(),
    )
    for (const org of [buyer.id, ledger.owner.id]) {
      const types = await d1<{ type: string }>("select type from events where org_id = ? and data like ? order by seq", org, `%${id}%`)
      expect(types.map(({ type }) => type)).toEqual(["order.placed", "order.accepted", "order.in_delivery", "order.completed"])
    }
  })
})
