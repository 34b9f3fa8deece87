import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { newId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { api, auditOf, eventsOf, hire, signUp } from "../../support/world.ts"

/** A supplier with two products and a buyer whose link is approved, or left as it was asked for. */
async function trade({ isApproved = true } = {}) {
  const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
  const link = (await api("POST", "/links/request", { token: buyer.token, body: { supplier_id: supplier.org.id } })).body
  if (isApproved) await api("PUT", `/links/${link.id}/status`, { token: supplier.token, body: { status: "APPROVED" } })
  const make = async (sku: string, price: string, more: object = {}) =>
    (await api("POST", "/products", { token: supplier.token, body: { sku, name: sku, price, stock_quantity: 1_000, ...more } })).body
  const tomatoes = await make("TOM", "5.99")
  const onions = await make("ONI", "2.50")
  const put = (body: unknown, options: { token?: string; headers?: Record<string, string> } = {}) =>
    api("PUT", `/links/${link.id}/terms`, { token: supplier.token, body, ...options })
  const place = (items: ReadonlyArray<readonly [string, number]>, more: object = {}) =>
    api("POST", "/orders", {
      token: buyer.token,
      body: { supplier_id: supplier.org.id, items: items.map(([product_id, quantity]) => ({ product_id, quantity })), ...more },
    })
  const seenBy = async (token: string) => (await api("GET", `/links/${link.id}`, { token })).body
  return { supplier, buyer, linkId: link.id as string, tomatoes, onions, make, put, place, seenBy }
}

const everything = (productId: string) => ({
  discount_percent: 5,
  price_list: [
    {
      product_id: productId,
      price: "5.80",
      tiers: [
        { from_quantity: 10, price: "5.50" },
        { from_quantity: 100, price: "5" },
      ],
    },
  ],
  min_order_value: "20.00",
  delivery_days: ["friday", "TUESDAY", "FRIDAY"],
  order_cut_off: "16:00",
  lead_time_days: 2,
  min_shelf_life_days: 7,
})

const asShown = (productId: string) => ({
  discount_percent: 5,
  price_list: [
    {
      product_id: productId,
      price: "5.80",
      currency: "USD",
      tiers: [
        { from_quantity: 10, price: "5.50" },
        { from_quantity: 100, price: "5.00" },
      ],
    },
  ],
  min_order_value: "20.00",
  currency: "USD",
  delivery_days: ["TUESDAY", "FRIDAY"],
  order_cut_off: "16:00",
  lead_time_days: 2,
  min_shelf_life_days: 7,
  time_zone: "UTC",
})

/** For requests that are refused for what they say. */
let oneTrade: ReturnType<typeof trade> | undefined

describe("PUT /links/{id}/terms", () => {
  test("sets the terms as a whole, which both sides then see, with an event for each and one audit row", async () => {
    const { supplier, buyer, put, tomatoes, seenBy } = await trade()
    expect((await seenBy(buyer.token)).terms).toBeNull()
    const answer = await put(everything(tomatoes.id))
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    expect(answer.body).toMatchObject({ status: "APPROVED", version: 3, terms: asShown(tomatoes.id) })
    for (const { token } of [supplier, buyer]) expect((await seenBy(token)).terms).toEqual(asShown(tomatoes.id))
    for (const { org } of [supplier, buyer])
      expect((await eventsOf(org.id)).filter((type) => type === "link.terms_changed")).toHaveLength(1)
    const trail = (await auditOf(supplier.org.id)).filter(({ action }) => action === "partners.terms.set")
    expect(trail).toHaveLength(1)
    expect(JSON.parse(trail[0]?.after ?? "")).toMatchObject({
      discount_percent: 5,
      min_order_value: "20.00",
      listed_products: 1,
      prices_changed: { [tomatoes.id]: { price: "5.80" } },
    })

    const cleared = await put({})
    expect(cleared.body.terms).toMatchObject({
      discount_percent: 0,
      price_list: [],
      min_order_value: null,
      delivery_days: [],
      order_cut_off: null,
    })
    const [, second] = (await auditOf(supplier.org.id)).filter(({ action }) => action === "partners.terms.set")
    expect(JSON.parse(second?.after ?? "").prices_changed).toEqual({ [tomatoes.id]: null })
  })

  test("is the owner's and managers' alone, and never the buyer's", async () => {
    const { supplier, buyer, put, seenBy } = await trade()
    for (const role of ["sales_rep", "warehouse_op", "staff", "buyer"]) {
      const { token } = await hire(supplier.token, role)
      expect((await put({ discount_percent: 1 }, { token })).status, role).toBe(403)
    }
    const manager = await hire(supplier.token, "manager")
    expect((await put({ discount_percent: 1 }, { token: manager.token })).status).toBe(200)
    const byBuyer = await put({ discount_percent: 100 }, { token: buyer.token })
    expect(byBuyer).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } })
    expect((await seenBy(buyer.token)).terms.discount_percent).toBe(1)
  })

  test("of another organization's link is 404 and changes nothing", async () => {
    const { put, seenBy, supplier } = await trade()
    const stranger = await trade()
    for (const { token } of [stranger.supplier, stranger.buyer])
      expect(await put({ discount_percent: 5 }, { token })).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } })
    expect((await seenBy(supplier.token)).terms).toBeNull()
  })

  test.each(["REJECTED", "REMOVED"])("of a link that is %s is refused", async (status) => {
    const { supplier, linkId, put } = await trade({ isApproved: status === "REMOVED" })
    await api("PUT", `/links/${linkId}/status`, { token: supplier.token, body: { status } })
    expect(await put({ discount_percent: 5 })).toMatchObject({
      status: 409,
      body: { code: "INVALID_TRANSITION", current: status, allowed: [] },
    })
  })

  test("INV-LNK-6: before approval and while blocked the supplier alone sees them", async () => {
    const { supplier, buyer, linkId, put, seenBy, tomatoes } = await trade({ isApproved: false })
    expect((await put(everything(tomatoes.id))).status).toBe(200)
    expect((await seenBy(supplier.token)).terms).not.toBeNull()
    expect((await seenBy(buyer.token)).terms).toBeNull()
    expect(await eventsOf(buyer.org.id)).not.toContain("link.terms_changed")
    await api("PUT", `/links/${linkId}/status`, { token: supplier.token, body: { status: "APPROVED" } })
    expect((await seenBy(buyer.token)).terms).toEqual(asShown(tomatoes.id))
    await api("PUT", `/links/${linkId}/status`, { token: supplier.token, body: { status: "BLOCKED" } })
    expect((await seenBy(buyer.token)).terms).toBeNull()
    expect((await put({ discount_percent: 7 })).status).toBe(200)
  })

  test("answers a repeat under one Idempotency-Key with the first answer, and another request under it with a conflict", async () => {
    const { put, seenBy, supplier } = await trade()
    const headers = { "idempotency-key": "terms-1" }
    const first = await put({ discount_percent: 5 }, { headers })
    await put({ discount_percent: 6 })
    const again = await put({ discount_percent: 5 }, { headers })
    expect([again.status, again.body]).toEqual([first.status, first.body])
    expect((await seenBy(supplier.token)).terms.discount_percent).toBe(6)
    expect(await put({ discount_percent: 7 }, { headers })).toMatchObject({ status: 409, body: { code: "IDEMPOTENCY_KEY_REUSED" } })
  })

  test("takes If-Match: the link's version, which terms move", async () => {
    const { put, linkId, supplier } = await trade()
    const etag = (await api("GET", `/links/${linkId}`, { token: supplier.token })).headers.get("etag") ?? ""
    expect((await put({ discount_percent: 5 }, { headers: { "if-match": etag } })).status).toBe(200)
    expect(await put({ discount_percent: 6 }, { headers: { "if-match": etag } })).toMatchObject({
      status: 412,
      body: { code: "VERSION_MISMATCH" },
    })
    expect((await api("GET", `/links/${linkId}`, { token: supplier.token, headers: { "if-none-match": etag } })).status).toBe(200)
  })

  test("INV-LNK-4: refuses a price list that does not hold together, naming each fault", async () => {
    const { put, tomatoes, onions, seenBy, supplier } = await trade()
    const other = await trade()
    const { status, body } = await put({
      min_order_value: "1.005",
      price_list: [
        { product_id: tomatoes.id, price: "5.999", tiers: [{ from_quantity: 5, price: "6" }] },
        {
          product_id: onions.id,
          price: "2",
          currency: "EUR",
          tiers: [
            { from_quantity: 5, price: "1" },
            { from_quantity: 5, price: "2" },
          ],
        },
        { product_id: tomatoes.id, price: "5" },
        { product_id: other.tomatoes.id, price: "5" },
        { product_id: newId("prd", Date.now()), price: "5" },
      ],
    })
    expect([status, body.code]).toEqual([422, "VALIDATION_FAILED"])
    expect(body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`)).toEqual([
      "/price_list/0/price TOO_PRECISE",
      "/price_list/0/tiers/0/price PRICE_RISES",
      "/price_list/1/currency OTHER_CURRENCY",
      "/price_list/1/tiers/1/from_quantity NOT_ASCENDING",
      "/price_list/1/tiers/1/price PRICE_RISES",
      "/price_list/2/product_id DUPLICATE",
      "/price_list/3/product_id UNKNOWN_PRODUCT",
      "/price_list/4/product_id UNKNOWN_PRODUCT",
      "/min_order_value TOO_PRECISE",
    ])
    expect((await seenBy(supplier.token)).terms).toBeNull()
  })

  test.each([
    ["a discount above 100", { discount_percent: 100.01 }],
    ["a discount of three places", { discount_percent: "5.005" }],
    ["a negative discount", { discount_percent: -1 }],
    ["a time that no clock shows", { order_cut_off: "24:00" }],
    ["a day that is none", { delivery_days: ["SOMEDAY"] }],
    ["half a day", { lead_time_days: 0.5 }],
    ["too long a lead time", { lead_time_days: limits.leadTimeDaysMax + 1 }],
    ["an unknown member", { discount: 5 }],
    ["a negative price", { price_list: [{ product_id: newId("prd", 0), price: "-1" }] }],
    ["a tier of nothing", { price_list: [{ product_id: newId("prd", 0), price: "1", tiers: [{ from_quantity: 0, price: "1" }] }] }],
  ])("refuses %s", async (_what, body) => {
    const { put } = await (oneTrade ??= trade())
    expect(await put(body)).toMatchObject({ status: 422, body: { code: "VALIDATION_FAILED" } })
  })

  test("takes as long a list as the limit says, and shows it whole", async () => {
    const { put, supplier, seenBy, linkId } = await trade()
    const tiers = Array.from({ length: limits.priceTiersMax }, (_, index) => ({ from_quantity: 10 + index, price: "4.99" }))
    const ids = Array.from({ length: limits.priceListProductsMax }, () => newId("prd", Date.now()))
    const unknown = await put({ price_list: ids.map((product_id) => ({ product_id, price: "5", tiers })) })
    expect([unknown.status, unknown.body.code, unknown.body.errors.length]).toEqual([422, "VALIDATION_FAILED", 100])
    const tooMany = await put({ price_list: [...ids, newId("prd", 0)].map((product_id) => ({ product_id, price: "5" })) })
    expect(tooMany.status).toBe(422)
    const made = []
    for (let number = 0; number < 40; number += 1) {
      const body = { sku: `MANY-${number}`, name: "One of many", price: "5.99" }
      made.push((await api("POST", "/products", { token: supplier.token, body })).body.id)
    }
    const answer = await put({ price_list: made.map((product_id) => ({ product_id, price: "5", tiers })) })
    expect(answer.status).toBe(200)
    expect((await seenBy(supplier.token)).terms.price_list).toHaveLength(40)
    // Lists of links leave terms out.
    const list = await api("GET", "/links/my-links", { token: supplier.token })
    expect(list.body.data.find(({ id }: { id: string }) => id === linkId)).not.toHaveProperty("terms")
  })

  test("follows the supplier's time zone when that moves", async () => {
    const { put, supplier, buyer, seenBy } = await trade()
    await put({ order_cut_off: "12:00" })
    const moved = await api("PATCH", `/organizations/${supplier.org.id}`, {
      token: supplier.token,
      body: { settings: { time_zone: "Asia/Tokyo" } },
    })
    expect(moved.status, JSON.stringify(moved.body)).toBe(200)
    expect((await seenBy(buyer.token)).terms.time_zone).toBe("Asia/Tokyo")
  })
})

describe("an order under terms", () => {
  test("says of each line what made its price: list, tier, discount or the product's own", async () => {
    const { put, place, tomatoes, onions, make, buyer } = await trade()
    const basil = await make("BAS", "0.99")
    const rules = async (items: ReadonlyArray<readonly [string, number]>) => {
      const { status, body } = await place(items)
      expect(status, JSON.stringify(body)).toBe(201)
      const lines = body.items.map((line: Record<string, string>) => [line["price_rule"], line["unit_price_at_time"], line["line_total"]])
      // Every answer says the same, whoever reads it from wherever.
      expect((await api("GET", `/orders/${body.id}`, { token: buyer.token })).body.items).toEqual(body.items)
      return { lines, total: body.total_amount }
    }
    expect(await rules([[tomatoes.id, 2]])).toEqual({ lines: [["BASE", "5.99", "11.98"]], total: "11.98" })
    await put({
      discount_percent: 5,
      price_list: [{ product_id: tomatoes.id, price: "5.80", tiers: [{ from_quantity: 10, price: "5.50" }] }],
    })
    expect(
      await rules([
        [tomatoes.id, 9],
        [onions.id, 3],
        [basil.id, 1],
      ]),
    ).toEqual({
      lines: [
        ["PRICE_LIST", "5.80", "52.20"],
        ["DISCOUNT", "2.38", "7.14"],
        ["DISCOUNT", "0.94", "0.94"],
      ],
      total: "60.28",
    })
    // Two lines of one product reach its tier together.
    expect(
      await rules([
        [tomatoes.id, 4],
        [tomatoes.id, 6],
      ]),
    ).toEqual({
      lines: [
        ["TIER", "5.50", "22.00"],
        ["TIER", "5.50", "33.00"],
      ],
      total: "55.00",
    })
  })

  test("keeps its prices when the terms change, and a reorder takes the new ones or says PRICE_CHANGED", async () => {
    const { put, place, tomatoes, buyer } = await trade()
    await put({ discount_percent: 10 })
    const order = (await place([[tomatoes.id, 10]], { expected_total: "53.90" })).body
    expect(order.total_amount).toBe("53.90")
    await put({ discount_percent: 20 })
    expect((await api("GET", `/orders/${order.id}`, { token: buyer.token })).body.total_amount).toBe("53.90")
    const stale = await api("POST", `/orders/${order.id}/reorder`, { token: buyer.token, body: { expected_total: "53.90" } })
    expect(stale).toMatchObject({ status: 409, body: { code: "PRICE_CHANGED", total_amount: "47.90" } })
    const again = await api("POST", `/orders/${order.id}/reorder`, { token: buyer.token, body: { expected_total: "47.90" } })
    expect(again).toMatchObject({ status: 201, body: { total_amount: "47.90" } })
  })

  test("below the minimum order value is refused, by its value at the buyer's own prices", async () => {
    const { put, place, tomatoes } = await trade()
    await put({ discount_percent: 50, min_order_value: "30" })
    const refused = await place([[tomatoes.id, 9]])
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: "BELOW_MINIMUM",
        min_order_value: "30.00",
        total_amount: "27.00",
        errors: [{ pointer: "/items", code: "BELOW_MINIMUM_ORDER_VALUE" }],
      },
    })
    expect((await place([[tomatoes.id, 10]])).status).toBe(201)
  })

  test("of another currency is not bound by a minimum value in this one", async () => {
    const { put, place, make } = await trade()
    const yen = await make("YEN", "500", { currency: "JPY" })
    await put({ min_order_value: "1000", currency: "USD", price_list: [{ product_id: yen.id, price: "450" }] })
    expect(await place([[yen.id, 1]])).toMatchObject({ status: 201, body: { total_amount: "450", items: [{ price_rule: "PRICE_LIST" }] } })
    await put({ min_order_value: "451", currency: "JPY", price_list: [{ product_id: yen.id, price: "450" }] })
    expect((await place([[yen.id, 1]])).body.code).toBe("BELOW_MINIMUM")
  })

  test("gets the earliest date where it asks for none, and one that does not suit is refused with the earliest", async () => {
    const { put, place, tomatoes } = await trade()
    expect((await place([[tomatoes.id, 1]])).body.requested_delivery_on).toBeNull()
    await put({ lead_time_days: 3 })
    const order = await place([[tomatoes.id, 1]])
    const earliest = order.body.requested_delivery_on as string
    const days = (Date.parse(earliest) - Date.parse(order.body.placed_at.slice(0, 10))) / 86_400_000
    expect(days).toBe(3)
    const tooEarly = await place([[tomatoes.id, 1]], { requested_delivery_on: order.body.placed_at.slice(0, 10) })
    expect(tooEarly).toMatchObject({
      status: 422,
      body: { code: "VALIDATION_FAILED", errors: [{ pointer: "/requested_delivery_on", code: "TOO_EARLY" }] },
    })
    const later = new Date(Date.parse(earliest) + 30 * 86_400_000).toISOString().slice(0, 10)
    expect((await place([[tomatoes.id, 1]], { requested_delivery_on: later })).body.requested_delivery_on).toBe(later)

    const weekday = new Date(later).toLocaleDateString("en-US", { weekday: "long", timeZone: "UTC" }).toUpperCase()
    await put({ delivery_days: [weekday] })
    expect((await place([[tomatoes.id, 1]], { requested_delivery_on: later })).status).toBe(201)
    const dayAfter = new Date(Date.parse(later) + 86_400_000).toISOString().slice(0, 10)
    expect((await place([[tomatoes.id, 1]], { requested_delivery_on: dayAfter })).body.errors[0].code).toBe("NOT_A_DELIVERY_DAY")
  })

  test("placed by the supplier's staff for the buyer is priced the same", async () => {
    const { put, supplier, buyer, tomatoes } = await trade()
    await put({ discount_percent: 10 })
    const body = { supplier_id: supplier.org.id, buyer_id: buyer.org.id, items: [{ product_id: tomatoes.id, quantity: 1 }] }
    expect((await api("POST", "/orders", { token: supplier.token, body })).body.items[0]).toMatchObject({
      price_rule: "DISCOUNT",
      unit_price_at_time: "5.39",
    })
  })

  test("placed while terms change has one of the two prices whole, and an expected total holds", async () => {
    const { put, place, tomatoes, onions } = await trade()
    const terms = [
      { discount_percent: 10 },
      {
        price_list: [
          { product_id: tomatoes.id, price: "1" },
          { product_id: onions.id, price: "1" },
        ],
      },
    ]
    // By the first: 5.39 and 2.25; by the second: 1 and 1.
    const wholes = ["7.64", "2.00"]
    await put(terms[0])
    const answers = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        if (index % 3 === 0) return put(terms[(index / 3) % 2])
        return place(
          [
            [tomatoes.id, 1],
            [onions.id, 1],
          ],
          index % 3 === 1 ? {} : { expected_total: "7.64" },
        )
      }),
    )
    const placed = answers.filter((_, index) => index % 3 !== 0)
    for (const { status, body } of placed) {
      if (status === 409) expect(body).toMatchObject({ code: "PRICE_CHANGED", total_amount: "2.00" })
      else {
        expect(status, JSON.stringify(body)).toBe(201)
        expect(wholes).toContain(body.total_amount)
        const rules = body.items.map(({ price_rule }: { price_rule: string }) => price_rule)
        expect(rules).toEqual(body.total_amount === "7.64" ? ["DISCOUNT", "DISCOUNT"] : ["PRICE_LIST", "PRICE_LIST"])
      }
    }
    for (const { status, body } of answers.filter((_, index) => index % 3 === 2)) if (status === 201) expect(body.total_amount).toBe("7.64")
  })
})

describe("the catalog under terms", () => {
  test("shows each buyer its own price beside the supplier's, the same on every road", async () => {
    const { put, supplier, buyer, tomatoes, onions } = await trade()
    await put({
      discount_percent: 5,
      price_list: [{ product_id: tomatoes.id, price: "5.80", tiers: [{ from_quantity: 10, price: "5.50" }] }],
    })
    const own = { price: "5.99", unit_price: "5.80", price_rule: "PRICE_LIST", price_tiers: [{ from_quantity: 10, unit_price: "5.50" }] }
    const discounted = { price: "2.50", unit_price: "2.38", price_rule: "DISCOUNT", price_tiers: [] }
    for (const query of ["", `?supplier_id=${supplier.org.id}`, "?sort=price", "?sort=-name", "?min_price=0.01", "?q=tom", "?q=oni"]) {
      const { body } = await api("GET", `/products/catalog${query}`, { token: buyer.token })
      expect(body.data.length, query).toBeGreaterThan(0)
      for (const product of body.data) expect(product, query).toMatchObject(product.id === tomatoes.id ? own : discounted)
    }
    expect((await api("GET", `/products/${tomatoes.id}`, { token: buyer.token })).body).toMatchObject(own)
    expect((await api("GET", `/products/${onions.id}`, { token: buyer.token })).body).toMatchObject(discounted)
    // The supplier's own eyes, and another buyer's, see no trace of it.
    const base = { price: "5.99", unit_price: "5.99", price_rule: "BASE", price_tiers: [] }
    expect((await api("GET", `/products/${tomatoes.id}`, { token: supplier.token })).body).toMatchObject(base)
    const rival = await signUp(["buyer"])
    const link = (await api("POST", "/links/request", { token: rival.token, body: { supplier_id: supplier.org.id } })).body
    await api("PUT", `/links/${link.id}/status`, { token: supplier.token, body: { status: "APPROVED" } })
    expect((await api("GET", `/products/${tomatoes.id}`, { token: rival.token })).body).toMatchObject(base)
    const { body } = await api("GET", "/products/catalog?q=tom", { token: rival.token })
    expect(body.data[0]).toMatchObject(base)
  })

  test("bounds go by the buyer's price before tiers, in any currency", async () => {
    const { put, buyer, tomatoes, onions, make } = await trade()
    const yen = await make("YEN", "500", { currency: "JPY" })
    await put({ discount_percent: 10, price_list: [{ product_id: tomatoes.id, price: "4", tiers: [{ from_quantity: 10, price: "1" }] }] })
    // Tomatoes 4.00 (5.99), onions 2.25 (2.50), yen 450 (500).
    const found = async (query: string) =>
      (await api("GET", `/products/catalog?${query}`, { token: buyer.token })).body.data.map(({ id }: { id: string }) => id).sort()
    expect(await found("max_price=2.25")).toEqual([onions.id])
    expect(await found("min_price=2.26&max_price=4.00")).toEqual([tomatoes.id])
    expect(await found("min_price=4.01")).toEqual([yen.id])
    expect(await found("max_price=450&min_price=450")).toEqual([yen.id])
    expect(await found("max_price=2.25&q=oni")).toEqual([onions.id])
    expect(await found("max_price=2.24")).toEqual([])
  })

  test("a product's ETag moves with the terms that its price stands in", async () => {
    const { put, buyer, supplier, tomatoes } = await trade()
    const etagOf = async (token: string) => (await api("GET", `/products/${tomatoes.id}`, { token })).headers.get("etag") ?? ""
    const [before, own] = [await etagOf(buyer.token), await etagOf(supplier.token)]
    await put({ discount_percent: 10 })
    const fresh = await api("GET", `/products/${tomatoes.id}`, { token: buyer.token, headers: { "if-none-match": before } })
    expect(fresh).toMatchObject({ status: 200, body: { unit_price: "5.39" } })
    expect(await etagOf(supplier.token)).toBe(own)
  })

  test("what it shows is what an order costs", async () => {
    const { put, buyer, place, tomatoes, make } = await trade()
    const crate = await make("CRT", "10", { min_order_qty: 12, quantity_step: 12, stock_quantity: 1_200 })
    await put({
      discount_percent: 3.33,
      price_list: [{ product_id: crate.id, price: "9.50", tiers: [{ from_quantity: 12, price: "9.25" }] }],
    })
    for (const [id, quantity] of [
      [tomatoes.id, 1],
      [crate.id, 12],
    ] as const) {
      const { unit_price, price_rule } = (await api("GET", `/products/${id}`, { token: buyer.token })).body
      expect((await place([[id, quantity]])).body.items[0]).toMatchObject({ unit_price_at_time: unit_price, price_rule })
    }
  })

  test("INV-CAT-4: of a supplier whose link is blocked is empty, terms or not", async () => {
    const { put, buyer, supplier, linkId, tomatoes } = await trade()
    await put({ price_list: [{ product_id: tomatoes.id, price: "1" }] })
    await api("PUT", `/links/${linkId}/status`, { token: supplier.token, body: { status: "BLOCKED" } })
    for (const path of ["/products/catalog", "/products/catalog?q=tom", "/products/catalog?sort=price"])
      expect((await api("GET", path, { token: buyer.token })).body.data).toEqual([])
    expect((await api("GET", `/products/${tomatoes.id}`, { token: buyer.token })).status).toBe(404)
    const rows = await env.DB.prepare("select org_id from link_terms where id = ?").bind(linkId).all()
    expect(rows.results).toHaveLength(2)
  })
})
