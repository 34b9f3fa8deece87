import { beforeAll, describe, expect, test } from "vitest"
import { quiet } from "../../support/ledger.ts"
import { market } from "../../support/market.ts"
import { colleague, outboxOf, tell } from "../../support/notifications.ts"
import { storedEvents } from "../../support/webhooks.ts"
import { api, auditOf, hire, type Person, signUp, type World } from "../../support/world.ts"

quiet()

let shop: Awaited<ReturnType<typeof market>>
let theirs: World
let staff: Person
let productId: string
let otherId: string

type Body = Record<string, unknown>
const post = (path: string, body: Body, by: { token: string } = shop.supplier, headers: Record<string, string> = {}) =>
  api("POST", path, { token: by.token, body, headers })
const get = (path: string, by: { token: string } = shop.supplier) => api("GET", path, { token: by.token })

async function receive(lotNumber: string, quantity: number, more: Body = {}) {
  const answer = await post("/stock-movements", { type: "IN", product_id: productId, quantity, lot_number: lotNumber, ...more })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

/** An accepted order. */
async function sold(quantity: number): Promise<{ id: string; number: string }> {
  const items = [{ product_id: productId, quantity }]
  const made = await post("/orders", { supplier_id: shop.supplier.org.id, items }, shop.buyer)
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  const accepted = await api("PUT", `/orders/${made.body.id}/status`, { token: shop.supplier.token, body: { status: "ACCEPTED" } })
  expect(accepted.status, JSON.stringify(accepted.body)).toBe(200)
  return made.body
}

beforeAll(async () => {
  ;[shop, theirs] = [await market(0), await signUp()]
  staff = await hire(shop.supplier.token, "staff")
  productId = shop.body.items[0]?.product_id ?? ""
  otherId = (await post("/products", { sku: "PEP-1", name: "Peppers", price: "1" })).body.id
}, 60_000)

describe("a lot", () => {
  test("is traced in one call: receipts, orders and buyers, transfers, and where it is", async () => {
    await receive("T/1 ä", 10, { expires_on: "2031-01-31", reference: "DN 1" })
    await receive("T/1 ä", 5, { reference: "DN 2" })
    const [kept, back] = [await sold(3), await sold(4)]
    await api("PUT", `/orders/${back.id}/status`, { token: shop.supplier.token, body: { status: "CANCELLED" } })
    await post("/stock-movements", { type: "OUT", product_id: productId, quantity: 1, lot_number: "T/1 ä", reason: "SAMPLE" })
    const path = `/inventory/lots/${encodeURIComponent("T/1 ä")}/trace`
    const trace = await get(path)
    expect(trace, JSON.stringify(trace.body)).toMatchObject({
      status: 200,
      body: {
        lot_number: "T/1 ä",
        product_id: productId,
        sku: "TOM-001",
        expires_on: "2031-01-31",
        status: "ACTIVE",
        on_hand: 11,
        receipts: [
          { reason: "RECEIPT", quantity: 10, reference: "DN 1", by: { name: "Olga Owner" } },
          { reason: "RECEIPT", quantity: 5, reference: "DN 2" },
        ],
        orders: [
          { order_id: back.id, status: "CANCELLED", sent: 4, returned: 4, quantity: 0 },
          { order_id: kept.id, number: kept.number, status: "ACCEPTED", buyer_id: shop.buyer.org.id, sent: 3, returned: 0, quantity: 3 },
        ],
        buyers: [
          { buyer_id: shop.buyer.org.id, buyer_name: shop.buyer.org.name, quantity: 3, orders: [{ order_id: kept.id, quantity: 3 }] },
        ],
        transfers: [],
        other_movements: [{ type: "OUT", reason: "SAMPLE", quantity: 1 }],
        locations: [{ code: "MAIN", on_hand: 11, reserved: 0, incoming: 0 }],
        is_cut_short: false,
      },
    })
    expect((await get(`${path}?product_id=${productId}`)).body).toEqual(trace.body)
    // What is left of it is out of the other tests' way.
    await post("/stock-movements", { type: "OUT", product_id: productId, quantity: 11, lot_number: "T/1 ä" })
  })

  test("whose number several products have says which, until one is named", async () => {
    await receive("SAME", 1)
    await receive("SAME", 1, { product_id: otherId })
    for (const answer of [
      await get("/inventory/lots/SAME/trace"),
      await post("/inventory/lots/SAME/quarantine", {}),
      await post("/inventory/lots/SAME/recall", { reason: "Glass" }),
    ]) {
      expect(answer, JSON.stringify(answer.body)).toMatchObject({
        status: 422,
        body: { code: "VALIDATION_FAILED", errors: [{ pointer: "/query/product_id", code: "AMBIGUOUS" }] },
      })
      expect(answer.body.products.map(({ product_id }: { product_id: string }) => product_id).sort()).toEqual([productId, otherId].sort())
    }
    const held = await post(`/inventory/lots/SAME/quarantine?product_id=${otherId}`, {})
    expect(held).toMatchObject({ status: 200, body: { product_id: otherId, status: "QUARANTINED" } })
    expect((await get(`/inventory/lots/SAME/trace?product_id=${productId}`)).body.status).toBe("ACTIVE")
    await post("/stock-movements", { type: "OUT", product_id: productId, quantity: 1, lot_number: "SAME" })
  })

  test("INV-LOT-1: is held, released and recalled for good, on the version that was read, each step in the log", async () => {
    await receive("STEPS", 2)
    const path = "/inventory/lots/STEPS"
    const held = await post(`${path}/quarantine`, { reason: "Cooling failed" })
    expect(held).toMatchObject({ status: 200, body: { status: "QUARANTINED", reason: "Cooling failed", on_hand: 2, version: 2 } })
    expect(await post(`${path}/quarantine`, {})).toMatchObject({
      status: 409,
      body: { code: "INVALID_TRANSITION", current: "QUARANTINED", allowed: ["ACTIVE", "RECALLED"] },
    })
    const etag = { "if-match": held.headers.get("etag") ?? "" }
    expect(await post(`${path}/quarantine`, { hold: false }, shop.supplier, etag)).toMatchObject({
      status: 200,
      body: { status: "ACTIVE" },
    })
    expect(await post(`${path}/recall`, { reason: "Glass" }, shop.supplier, etag)).toMatchObject({ status: 412 })
    expect(await post(`${path}/quarantine`, { hold: false })).toMatchObject({ status: 409, body: { current: "ACTIVE" } })
    expect(await post(`${path}/recall`, {})).toMatchObject({ status: 422, body: { errors: [{ pointer: "/reason" }] } })
    const key = { "idempotency-key": crypto.randomUUID() }
    const recalled = await post(`${path}/recall`, { reason: "Glass" }, shop.supplier, key)
    expect(recalled).toMatchObject({ status: 200, body: { status: "RECALLED", quantity_out: 0, buyers: [] } })
    expect((await post(`${path}/recall`, { reason: "Glass" }, shop.supplier, key)).body).toEqual(recalled.body)
    for (const [verb, body] of [
      ["quarantine", {}],
      ["quarantine", { hold: false }],
      ["recall", { reason: "Again" }],
    ] as const)
      expect(await post(`${path}/${verb}`, body)).toMatchObject({ status: 409, body: { current: "RECALLED", allowed: [] } })
    const actions = (await auditOf(shop.supplier.org.id))
      .map(({ action }) => action)
      .filter((action) => action.startsWith("inventory.lot."))
    expect(actions.slice(-3)).toEqual(["inventory.lot.hold", "inventory.lot.release", "inventory.lot.recall"])
  })

  test("INV-LOT-5: that is recalled freezes, and its buyers are listed, and told in the app and by mail", async () => {
    await receive("BAD", 10)
    const order = await sold(4)
    const buying = await colleague(shop.buyer.org.id, "buyer")
    const recalled = await post("/inventory/lots/BAD/recall", { reason: "Glass" })
    expect(recalled, JSON.stringify(recalled.body)).toMatchObject({
      status: 200,
      body: {
        status: "RECALLED",
        on_hand: 6,
        quantity_out: 4,
        buyers: [{ buyer_id: shop.buyer.org.id, quantity: 4, orders: [{ order_id: order.id, number: order.number, quantity: 4 }] }],
        is_cut_short: false,
      },
    })
    const made = await post("/orders", { supplier_id: shop.supplier.org.id, items: [{ product_id: productId, quantity: 1 }] }, shop.buyer)
    expect(await api("PUT", `/orders/${made.body.id}/status`, { token: shop.supplier.token, body: { status: "ACCEPTED" } })).toMatchObject({
      status: 409,
      body: { code: "STOCK_INSUFFICIENT" },
    })
    expect(
      (await post("/stock-movements", { type: "OUT", product_id: productId, quantity: 6, lot_number: "BAD", reason: "DESTROYED" })).status,
    ).toBe(201)

    const told = (await storedEvents(shop.buyer.org.id)).filter(({ type }) => type === "lot.recall_received")
    expect(told).toHaveLength(1)
    await tell(told)
    const { body } = await get("/notifications", buying)
    expect(body.data).toMatchObject([{ type: "lot.recall_received" }])
    expect(body.data[0].title).toContain("BAD")
    expect((await outboxOf(shop.buyer.org.id)).some(({ user_id }) => user_id === buying.id)).toBe(true)
  })

  test("is traced, held and recalled by managers and above", async () => {
    await receive("ROLES", 1)
    const forbidden = { status: 403, body: { code: "FORBIDDEN" } }
    expect(await get("/inventory/lots/ROLES/trace", staff)).toMatchObject(forbidden)
    expect(await post("/inventory/lots/ROLES/quarantine", {}, staff)).toMatchObject(forbidden)
    expect(await post("/inventory/lots/ROLES/recall", { reason: "Glass" }, staff)).toMatchObject(forbidden)
  })

  test("of another organization is not there, nor for who bought of it", async () => {
    await receive("OURS", 1)
    for (const by of [theirs, shop.buyer]) {
      for (const query of ["", `?product_id=${productId}`]) {
        expect((await get(`/inventory/lots/OURS/trace${query}`, by)).status).toBe(404)
        expect((await post(`/inventory/lots/OURS/quarantine${query}`, {}, by)).status).toBe(404)
        expect((await post(`/inventory/lots/OURS/recall${query}`, { reason: "Mine" }, by)).status).toBe(404)
      }
    }
    expect((await get("/inventory/lots/OURS/trace")).body.status).toBe("ACTIVE")
  })
})
