import { describe, expect, test } from "vitest"
import { market } from "../../support/market.ts"
import { type Answer, api, auditOf, hire, signUp } from "../../support/world.ts"

type Body = Readonly<Record<string, unknown>>

/** A market with an order of 6, and what its two sides say of it. */
async function ordered(quantity = 6) {
  const { supplier, buyer, body } = await market(100)
  const productId = body.items[0]?.product_id ?? ""
  const place = async (more: Body = {}) =>
    (await api("POST", "/orders", { token: buyer.token, body: { ...body, items: [{ product_id: productId, quantity, ...more }] } })).body
  const placed = await place()
  const say = (
    token: string,
    status: string,
    more: Body = {},
    headers: Readonly<Record<string, string>> = {},
    id = placed.id,
  ): Promise<Answer> => api("PUT", `/orders/${id}/status`, { token, body: { status, ...more }, headers })
  const seenBy = async (token: string) => (await api("GET", `/orders/${placed.id}`, { token })).body
  return { supplier, buyer, productId, placed, place, say, seenBy, itemId: placed.items[0].id as string }
}

const codeOf = ({ status, body }: Answer) => `${status} ${body?.code ?? body?.status}`

describe("PUT /orders/{id}/status with items", () => {
  test("INV-ORD-7: less than asked is AMENDED until the buyer confirms; both see what is offered and until when", async () => {
    const { supplier, buyer, placed, say, seenBy, itemId } = await ordered()
    const amended = await say(supplier.token, "ACCEPTED", {
      items: [{ item_id: itemId, quantity: 4 }],
      reason: "Hail",
      internal_note: "our secret",
    })
    expect(codeOf(amended)).toBe("200 AMENDED")
    const seen = await seenBy(buyer.token)
    expect(seen).toMatchObject({
      status: "AMENDED",
      total_amount: "35.94",
      proposed_total_amount: "23.96",
      items: [
        {
          quantity: 6,
          ordered_quantity: 6,
          ordered_unit: "piece",
          accepted_quantity: null,
          proposal: { quantity: 4, line_total: "23.96", sku: "TOM-001" },
          substitute_for: null,
        },
      ],
    })
    expect(JSON.stringify(seen)).not.toContain("our secret")
    const hoursLeft = (Date.parse(seen.answer_by) - Date.parse(seen.updated_at)) / 3_600_000
    expect(hoursLeft).toBe(24)
    const key = { "idempotency-key": `yes-${placed.id}` }
    const etag = (await api("GET", `/orders/${placed.id}`, { token: buyer.token })).headers.get("etag") ?? ""
    expect(codeOf(await say(buyer.token, "ACCEPTED", {}, { "if-match": '"1.1.b"' }))).toBe("412 VERSION_MISMATCH")
    const agreed = await say(buyer.token, "ACCEPTED", {}, { ...key, "if-match": etag })
    expect(codeOf(agreed)).toBe("200 ACCEPTED")
    expect((await say(buyer.token, "ACCEPTED", {}, { ...key, "if-match": etag })).body).toEqual(agreed.body)
    expect(codeOf(await say(buyer.token, "ACCEPTED"))).toBe("409 INVALID_TRANSITION")
    expect(agreed.body).toMatchObject({
      total_amount: "23.96",
      proposed_total_amount: null,
      answer_by: null,
      items: [{ quantity: 4, ordered_quantity: 6, accepted_quantity: 4, delivered_quantity: null, proposal: null }],
    })
    const actions = (await auditOf(supplier.org.id)).map(({ action }) => action)
    expect(actions).toContain("orders.order.amend")
  })

  test("who may: the buyer accepts nothing but an offer, and people without the permission nothing at all", async () => {
    const { supplier, buyer, say, itemId, place, placed } = await ordered()
    const items = [{ item_id: itemId, quantity: 4 }]
    expect(codeOf(await say(buyer.token, "ACCEPTED"))).toBe("403 FORBIDDEN")
    expect(codeOf(await say(buyer.token, "FAILED_DELIVERY"))).toBe("403 FORBIDDEN")
    expect(codeOf(await say(buyer.token, "ACCEPTED", { items }))).toBe("422 VALIDATION_FAILED")
    const warehouse = await hire(supplier.token, "warehouse_op")
    expect(codeOf(await say(warehouse.token, "ACCEPTED", { items }))).toBe("403 FORBIDDEN")
    const stranger = await signUp(["supplier", "buyer"])
    expect(codeOf(await say(stranger.token, "ACCEPTED", { items }))).toBe("422 VALIDATION_FAILED")
    expect(codeOf(await say(stranger.token, "ACCEPTED"))).toBe("404 NOT_FOUND")
    expect(codeOf(await say(supplier.token, "ACCEPTED", { items }))).toBe("200 AMENDED")
    expect(codeOf(await say(stranger.token, "ACCEPTED"))).toBe("404 NOT_FOUND")
    const other = await place()
    expect(codeOf(await say(supplier.token, "ACCEPTED", { items }, {}, other.id))).toBe("422 VALIDATION_FAILED")
    expect(codeOf(await say(supplier.token, "ACCEPTED"))).toBe("409 INVALID_TRANSITION")
    expect(codeOf(await say(supplier.token, "CANCELLED"))).toBe("200 CANCELLED")
    expect(codeOf(await say(buyer.token, "ACCEPTED"))).toBe("409 INVALID_TRANSITION")
    expect((await api("GET", `/orders/my-orders?status=cancelled`, { token: buyer.token })).body.data).toMatchObject([{ id: placed.id }])
  })

  test("a substitute is shown with what it stands for", async () => {
    const { supplier, buyer, say, itemId, productId } = await ordered()
    const pears = (
      await api("POST", "/products", { token: supplier.token, body: { sku: "PEAR", name: "Pears", price: "1.25", stock_quantity: 50 } })
    ).body
    const items = [{ item_id: itemId, quantity: 8, substitute_product_id: pears.id }]
    expect((await say(supplier.token, "ACCEPTED", { items })).body.items).toMatchObject([
      {
        product_id: productId,
        proposal: { product_id: pears.id, quantity: 8, unit_price_at_time: "1.25", price_rule: "BASE", line_total: "10.00" },
      },
    ])
    expect((await say(buyer.token, "ACCEPTED")).body).toMatchObject({
      total_amount: "10.00",
      items: [
        { product_id: pears.id, ordered_quantity: 6, accepted_quantity: 8, substitute_for: { product_id: productId, sku: "TOM-001" } },
      ],
    })
    expect((await api("GET", `/products/${pears.id}`, { token: supplier.token })).body.stock_quantity).toBe(42)
  })

  test("INV-ORD-8: order 1, deliver 0.94: what is billed changes line and total, and the buyer never says it", async () => {
    const { supplier, buyer, say, seenBy, itemId } = await ordered(1)
    for (const status of ["ACCEPTED", "IN_DELIVERY", "FAILED_DELIVERY", "IN_DELIVERY"])
      expect((await say(supplier.token, status)).status).toBe(200)
    expect(codeOf(await say(buyer.token, "COMPLETED", { items: [{ item_id: itemId, delivered: 0.9, billed: 0.9 }] }))).toBe("403 FORBIDDEN")
    for (const wrong of [
      { delivered: -1 },
      { delivered: 0.9401, billed: 0.94 },
      { delivered: 0.94, billed: 0.95 },
      { delivered: 2 },
      { quantity: 1 },
      { billed: "much" },
    ]) {
      const answer = await say(supplier.token, "COMPLETED", { items: [{ item_id: itemId, ...wrong }] })
      expect(codeOf(answer), JSON.stringify(wrong)).toBe("422 VALIDATION_FAILED")
    }
    const done = await say(supplier.token, "COMPLETED", { items: [{ item_id: itemId, delivered: 0.94, billed: 0.94 }] })
    expect(codeOf(done)).toBe("200 COMPLETED")
    // 5.99 × 0.94 = 5.6306
    expect(await seenBy(buyer.token)).toMatchObject({
      total_amount: "5.63",
      items: [
        { quantity: 1, ordered_quantity: 1, accepted_quantity: 1, delivered_quantity: 0.94, billed_quantity: 0.94, line_total: "5.63" },
      ],
    })
  })

  test.each([
    { delivered: 1.5, total_amount: "8.99", billed_quantity: 1.5 },
    { delivered: 0, total_amount: "0.00", billed_quantity: 0 },
    { delivered: 2.5, total_amount: "11.98", billed_quantity: 2 },
    { total_amount: "11.98", billed_quantity: 2 },
  ])("INV-ORD-8: of 2 accepted and $delivered delivered the supplier bills $billed_quantity, unless it says otherwise", async (given) => {
    const { delivered, total_amount, billed_quantity } = given
    const { supplier, buyer, say, seenBy, itemId } = await ordered(2)
    for (const status of ["ACCEPTED", "IN_DELIVERY"]) await say(supplier.token, status)
    expect(codeOf(await say(supplier.token, "COMPLETED", { items: [{ item_id: itemId, delivered }] }))).toBe("200 COMPLETED")
    expect(await seenBy(buyer.token)).toMatchObject({
      total_amount,
      items: [{ accepted_quantity: 2, delivered_quantity: delivered ?? 2, billed_quantity, line_total: total_amount }],
    })
  })

  test("INV-ORD-8: what the buyer says was delivered is not what it is billed, and a complaint can follow", async () => {
    const { supplier, buyer, placed, say, itemId } = await ordered(2)
    for (const status of ["ACCEPTED", "IN_DELIVERY"]) await say(supplier.token, status)
    const done = await say(buyer.token, "COMPLETED", { items: [{ item_id: itemId, delivered: "1.5" }] })
    expect(done.body).toMatchObject({
      status: "COMPLETED",
      total_amount: "11.98",
      items: [{ delivered_quantity: 1.5, billed_quantity: 2 }],
    })
    const complaint = { order_id: placed.id, order_line_id: itemId, title: "Half a piece is missing", description: "1.5 came." }
    expect((await api("POST", "/complaints", { token: buyer.token, body: complaint })).status).toBe(201)
  })
})

describe("packs", () => {
  test("INV-ORD-10: a product's packs are shown, ordered in, and kept on the line", async () => {
    const { supplier, buyer, productId, place } = await ordered()
    const packs = [{ unit: "box", quantity: 12 }]
    const patched = await api("PATCH", `/products/${productId}`, { token: supplier.token, body: { packs } })
    expect(patched.body.packs).toEqual(packs)
    expect((await api("GET", "/products/catalog", { token: buyer.token })).body.data).toMatchObject([{ id: productId, packs }])
    expect((await place({ quantity: 5, unit: "box" })).items).toMatchObject([
      { quantity: 60, unit: "piece", ordered_unit: "box", ordered_unit_quantity: 5, ordered_quantity: 60, line_total: "359.40" },
    ])
    expect(await place({ quantity: 1, unit: "pallet" })).toMatchObject({
      code: "VALIDATION_FAILED",
      errors: [{ pointer: "/items/0/unit", code: "UNKNOWN_UNIT" }],
    })
    expect(await place({ quantity: 0.5, unit: "box" })).toMatchObject({
      status: 422,
      code: "OFF_STEP",
      errors: [{ pointer: "/items/0/quantity" }],
    })
    expect(await place({ quantity: 1.5 })).toMatchObject({ status: 422, code: "OFF_STEP" })
    const off = await api("PATCH", `/products/${productId}`, { token: supplier.token, body: { packs: [{ unit: "box", quantity: 1.5 }] } })
    expect(off.body).toMatchObject({ status: 422, code: "OFF_STEP", errors: [{ pointer: "/packs/0/quantity" }] })
    const made = await api("POST", "/products", {
      token: supplier.token,
      body: { sku: "EGG", name: "Eggs", price: "0.30", packs: [{ unit: "tray", quantity: 30 }] },
    })
    expect(made.body.packs).toEqual([{ unit: "tray", quantity: 30 }])
    expect((await api("GET", `/products/${made.body.id}`, { token: supplier.token })).body.packs).toEqual([{ unit: "tray", quantity: 30 }])
  })
})

test("INV-BDL-7: a kit's availability leaves out what is reserved, and so does the catalog", async () => {
  const { supplier, buyer, productId, say, itemId } = await ordered(51)
  const kit = (await api("POST", "/products", { token: supplier.token, body: { sku: "KIT", name: "Kit", price: "9.99" } })).body
  await api("POST", "/bundles", { token: supplier.token, body: { parent_id: kit.id, child_id: productId, quantity: 10 } })
  const kitsNow = async () => {
    const { body } = await api("GET", `/bundles/parent/${kit.id}/availability`, { token: supplier.token })
    const shown = (await api("GET", `/products/${kit.id}`, { token: supplier.token })).body
    return [body.buildable, body.limiting.stock_quantity, shown.stock_quantity, shown.availability]
  }
  expect(await kitsNow()).toEqual([10, 100, 10, "IN_STOCK"])
  await say(supplier.token, "ACCEPTED", { items: [{ item_id: itemId, quantity: 50 }] })
  expect(await kitsNow()).toEqual([5, 50, 10, "IN_STOCK"])
  await say(buyer.token, "ACCEPTED")
  expect(await kitsNow()).toEqual([5, 50, 5, "IN_STOCK"])
})
