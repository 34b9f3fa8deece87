import { beforeAll, describe, expect, test } from "vitest"
import { quiet } from "../../support/ledger.ts"
import { api, auditOf, costOf, eventsOf, hire, type Person, signUp, unique, type World } from "../../support/world.ts"

quiet()

let ours: World
let theirs: World
let staff: Person
let sales: Person

beforeAll(async () => {
  ;[ours, theirs] = [await signUp(), await signUp()]
  ;[staff, sales] = [await hire(ours.token, "staff"), await hire(ours.token, "sales_rep")]
}, 60_000)

type Body = Record<string, unknown>

const post = (path: string, body: Body, by: { token: string } = ours, headers: Record<string, string> = {}) =>
  api("POST", path, { token: by.token, body, headers })
const get = (path: string, by: { token: string } = ours) => api("GET", path, { token: by.token })

async function product(body: Body = {}, by: World = ours): Promise<{ id: string; sku: string; gtin: string | null }> {
  const answer = await post("/products", { sku: unique("SKU"), name: "Tomatoes", price: "5.99", ...body }, by)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

async function moved(body: Body, by: { token: string } = ours): Promise<Body & { id: string }> {
  const answer = await post("/stock-movements", body, by)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

const stockOf = async (id: string): Promise<number> => (await get(`/products/${id}`)).body.stock_quantity

describe("a movement", () => {
  test("is recorded with its lot, cost and reference, shown, listed, audited and told", async () => {
    const world = await signUp()
    const { id } = await product({}, world)
    const body = {
      type: "in",
      product_id: id,
      quantity: "12.000",
      lot_number: "L-1",
      expires_on: "2031-01-31",
      unit_cost: "2.125",
      reference: "DN 4711",
      effective_at: "2026-01-05T08:00:00Z",
    }
    const made = await post("/stock-movements", body, world)
    expect(made, JSON.stringify(made.body)).toMatchObject({
      status: 201,
      body: {
        type: "IN",
        product_id: id,
        quantity: 12,
        to_warehouse_id: null,
        lot_number: "L-1",
        expires_on: "2031-01-31",
        unit_cost: "2.125",
        currency: "USD",
        reason: "RECEIPT",
        reference: "DN 4711",
        corrects: null,
        order_id: null,
        in_transit_quantity: null,
        effective_at: "2026-01-05T08:00:00.000Z",
        by: { id: world.owner.id, name: "Olga Owner" },
      },
    })
    expect(made.headers.get("location")).toBe(`/api/v1/stock-movements/${made.body.id}`)
    const shown = await get(`/stock-movements/${made.body.id}`, world)
    expect(shown.body).toEqual(made.body)
    expect(shown.headers.get("etag")).toBe(made.headers.get("etag"))
    const listed = await get("/stock-movements", world)
    expect(listed.body).toEqual({ data: [made.body], next_cursor: null })
    expect((await auditOf(world.org.id)).map(({ action }) => action)).toContain("inventory.movement.record")
    expect((await eventsOf(world.org.id)).filter((type) => type === "stock.moved")).toHaveLength(1)
  })

  test("is positive whichever way it goes, but an adjustment's sign says whether there is more or less", async () => {
    const { id } = await product({ stock_quantity: 10 })
    expect(await moved({ type: "OUT", product_id: id, quantity: 3, reason: "DAMAGED" })).toMatchObject({ quantity: 3, reason: "DAMAGED" })
    expect(await moved({ type: "ADJUSTMENT", product_id: id, quantity: -2 })).toMatchObject({ quantity: -2, reason: "COUNT" })
    expect(await moved({ type: "IN", product_id: id, quantity: 1, unit_cost: 2 })).toMatchObject({ quantity: 1, unit_cost: "2.00" })
    expect(await stockOf(id)).toBe(6)
    expect(await post("/stock-movements", { type: "OUT", product_id: id, quantity: -1 })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/quantity", code: "NEGATIVE" }] },
    })
    expect(await post("/stock-movements", { type: "OUT", product_id: id, quantity: 7 })).toMatchObject({
      status: 409,
      body: { code: "STOCK_INSUFFICIENT", shortages: [{ product_id: id, asked: 7, available: 6 }] },
    })
    expect(await stockOf(id)).toBe(6)
  })

  test("is put right by a new one that names it, once", async () => {
    const { id } = await product()
    const wrong = await moved({ type: "IN", product_id: id, quantity: 12 })
    const right = { type: "ADJUSTMENT", product_id: id, quantity: -2, reason: "CORRECTION", corrects: wrong.id }
    expect(await moved(right)).toMatchObject({ corrects: wrong.id, quantity: -2 })
    expect(await post("/stock-movements", right)).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
    expect(await stockOf(id)).toBe(10)
  })

  test.each([
    [{ type: "IN", quantity: 1 }, "/product_id"],
    [{ type: "UP", quantity: 1, gtin: "4006381333931" }, "/type"],
    [{ type: "IN", quantity: 1.0005, gtin: "4006381333931" }, "/quantity"],
    [{ type: "IN", quantity: 1, gtin: "4006381333932" }, "/gtin"],
    [{ type: "IN", quantity: 1, gs1: "0104006381333932" }, "/gs1"],
    [{ type: "IN", quantity: 1, gs1: "(01)04006381333931(10)A", lot_number: "B" }, "/lot_number"],
    [{ type: "IN", quantity: 1, gtin: "4006381333931", colour: "red" }, "/colour"],
    [{ type: "IN", quantity: 1, gtin: "4006381333931", lot_number: "A\nB" }, "/lot_number"],
    [{ items: [], on_error: "reject_all" }, "/items"],
    [{ items: [{ type: "IN", quantity: 1 }] }, "/items/0/product_id"],
    [{ items: [{}], on_error: "sometimes" }, "/on_error"],
  ])("%j is refused at %s", async (body, pointer) => {
    const answer = await post("/stock-movements", body)
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 422, body: { code: "VALIDATION_FAILED" } })
    expect(answer.body.errors.map((fault: { pointer: string }) => fault.pointer)).toContain(pointer)
  })

  test("is recorded by staff and above, and read by everybody", async () => {
    const { id } = await product({ stock_quantity: 5 })
    const made = await moved({ type: "OUT", product_id: id, quantity: 1 }, staff)
    expect(await post("/stock-movements", { type: "OUT", product_id: id, quantity: 1 }, sales)).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    })
    expect((await get(`/stock-movements/${made.id}`, sales)).status).toBe(200)
    expect((await get("/stock-movements", sales)).status).toBe(200)
  })

  test("of another organization is not there, nor are its products and places", async () => {
    const { id } = await product({ stock_quantity: 5 })
    const made = await moved({ type: "OUT", product_id: id, quantity: 1 })
    const own = await product({ stock_quantity: 5 }, theirs)
    expect((await get(`/stock-movements/${made.id}`, theirs)).status).toBe(404)
    expect((await get(`/stock-movements?product_id=${id}`, theirs)).body).toEqual({ data: [], next_cursor: null })
    const refused = async (body: Body) => (await post("/stock-movements", body, theirs)).body.errors?.[0].pointer
    expect(await refused({ type: "OUT", product_id: id, quantity: 1 })).toBe("/product_id")
    expect(await refused({ type: "OUT", product_id: own.id, quantity: 1, warehouse_id: made["warehouse_id"] })).toBe("/warehouse_id")
    expect(await refused({ type: "IN", product_id: own.id, quantity: 1, corrects: made.id })).toBe("/corrects")
    expect(await refused({ type: "OUT", product_id: own.id, quantity: 1, receives: made.id })).toBe("/receives")
    expect(await stockOf(id)).toBe(4)
  })

  test("is recorded once, however often one request is sent", async () => {
    const { id } = await product()
    const key = { "idempotency-key": crypto.randomUUID() }
    const body = { type: "IN", product_id: id, quantity: 5 }
    const [first, again] = [await post("/stock-movements", body, ours, key), await post("/stock-movements", body, ours, key)]
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.body).toEqual(first.body)
    expect((await post("/stock-movements", { ...body, quantity: 6 }, ours, key)).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    expect(await stockOf(id)).toBe(5)
  })
})

describe("GTINs and labels", () => {
  test("a GTIN is checked, one product's in the organization whatever its length, changed, taken away and given up", async () => {
    const first = await product({ gtin: "036000291452" })
    expect(first.gtin).toBe("036000291452")
    const taken = { status: 409, body: { code: "CONFLICT", errors: [{ pointer: "/gtin", code: "TAKEN" }] } }
    const another = { sku: unique("SKU"), name: "Tomatoes", price: "1" }
    expect(await post("/products", { ...another, gtin: "0036000291452" })).toMatchObject(taken)
    expect(await post("/products", { ...another, gtin: "036000291453" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/gtin" }] },
    })
    expect((await product({ gtin: "036000291452" }, theirs)).gtin).toBe("036000291452")
    const second = await product()
    const patch = (id: string, body: Body) => api("PATCH", `/products/${id}`, { token: ours.token, body })
    expect(await patch(second.id, { gtin: "00036000291452" })).toMatchObject(taken)
    expect((await patch(first.id, { name: "Ripe tomatoes" })).body.gtin).toBe("036000291452")
    expect((await patch(first.id, { gtin: null })).body.gtin).toBeNull()
    expect((await patch(second.id, { gtin: "00036000291452" })).body.gtin).toBe("00036000291452")
    expect((await get(`/products/${second.id}`)).body.gtin).toBe("00036000291452")
    expect((await api("DELETE", `/products/${second.id}`, { token: ours.token })).status).toBe(204)
    expect((await patch(first.id, { gtin: "036000291452" })).status).toBe(200)
  })

  test("a label names the product, the lot and its last day, scanned or as printed", async () => {
    const { id } = await product({ gtin: "4006381333931" })
    const first = await moved({ type: "IN", quantity: 5, gs1: "]d201040063813339311731020010L-7\u001d" })
    expect(first).toMatchObject({ product_id: id, lot_number: "L-7", expires_on: "2031-02-28" })
    const again = await moved({ type: "IN", quantity: 5, product_id: id, gs1: "(01)04006381333931(17)310228(10)L-7" })
    expect(again).toMatchObject({ product_id: id, lot_number: "L-7" })
    expect(await post("/stock-movements", { type: "IN", quantity: 5, gs1: "(01)04006381333931(17)310301(10)L-7" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/expires_on", code: "DIFFERS" }] },
    })
    const other = await product()
    expect(await post("/stock-movements", { type: "IN", quantity: 5, product_id: other.id, gtin: "4006381333931" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/gtin", code: "DIFFERS" }] },
    })
    expect(await post("/stock-movements", { type: "IN", quantity: 5, gtin: "96385074" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/gtin", code: "UNKNOWN_PRODUCT" }] },
    })
  })

  test("INV-STK-12: a serial makes a unit of one piece, of whoever may receive units, once", async () => {
    const { id } = await product()
    const serial = unique("SN")
    const body = { type: "IN", product_id: id, quantity: 1, serial }
    expect(await post("/stock-movements", body, staff)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } })
    expect(await post("/stock-movements", { ...body, quantity: 2 })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/quantity" }] },
    })
    expect(await post("/stock-movements", { ...body, type: "OUT" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/serial" }] },
    })
    const made = await moved(body)
    expect(made["unit_id"]).toMatch(/^unt_/)
    expect(await post("/stock-movements", body)).toMatchObject({
      status: 409,
      body: { code: "CONFLICT", errors: [{ pointer: "/serial" }] },
    })
    // It is no loose stock any more.
    expect(await post("/stock-movements", { type: "OUT", product_id: id, quantity: 1 })).toMatchObject({ status: 409 })
    expect(await stockOf(id)).toBe(1)
  })
})

describe("a batch", () => {
  test("is recorded in order, each row on what those before it left", async () => {
    const { id } = await product()
    const batch = await post("/stock-movements", {
      items: [
        { type: "IN", product_id: id, quantity: 5 },
        { type: "OUT", product_id: id, quantity: 4 },
      ],
    })
    expect(batch).toMatchObject({ status: 201, body: { data: [{ quantity: 5 }, { quantity: 4 }], failed: [] } })
    expect(await stockOf(id)).toBe(1)
  })

  test("is refused whole by one bad row, which is named", async () => {
    const { id } = await product()
    const items = [
      { type: "IN", product_id: id, quantity: 5 },
      { type: "OUT", product_id: id, quantity: 6 },
    ]
    expect(await post("/stock-movements", { items })).toMatchObject({
      status: 409,
      body: { code: "STOCK_INSUFFICIENT", errors: [{ pointer: "/items/1", code: "STOCK_INSUFFICIENT" }] },
    })
    expect(await post("/stock-movements", { items: [items[0], { ...items[1], quantity: "many" }], on_error: "reject_all" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/items/1/quantity" }] },
    })
    expect(await stockOf(id)).toBe(0)
  })

  test("leaves out the bad rows where it is told to, be they refused or no movements at all, and says which", async () => {
    const { id } = await product()
    const key = { "idempotency-key": crypto.randomUUID() }
    const body = {
      items: [
        { type: "IN", quantity: 1 },
        { type: "IN", product_id: id, quantity: 5 },
        { type: "OUT", product_id: id, quantity: 6 },
        "nothing",
        { type: "OUT", product_id: id, quantity: 2, reason: "RECEIPT" },
        { type: "OUT", product_id: id, quantity: 2 },
      ],
      on_error: "reject_failed",
    }
    const batch = await post("/stock-movements", body, ours, key)
    expect(batch, JSON.stringify(batch.body)).toMatchObject({
      status: 201,
      body: {
        data: [{ quantity: 5 }, { quantity: 2 }],
        failed: [
          { index: 0, code: "VALIDATION_FAILED", errors: [{ pointer: "/product_id" }] },
          { index: 2, code: "STOCK_INSUFFICIENT", errors: [{ pointer: "", code: "STOCK_INSUFFICIENT" }] },
          { index: 3, code: "VALIDATION_FAILED" },
          { index: 4, code: "VALIDATION_FAILED", errors: [{ pointer: "/reason", code: "NOT_FOR_TYPE" }] },
        ],
      },
    })
    expect((await post("/stock-movements", body, ours, key)).body).toEqual(batch.body)
    expect(await stockOf(id)).toBe(3)
    const none = await post("/stock-movements", { items: [body.items[0], body.items[2]], on_error: "reject_failed" })
    expect(none).toMatchObject({ status: 409, body: { errors: [{ pointer: "/items/0/product_id" }, { pointer: "/items/1" }] } })
    expect((await post("/stock-movements", { items: ["a", "b"], on_error: "reject_failed" })).body.errors).toMatchObject([
      { pointer: "/items/0" },
      { pointer: "/items/1" },
    ])
  })

  test("of 500 rows is taken and one more is refused", async () => {
    const { id } = await product()
    const items = Array.from({ length: 500 }, () => ({ type: "IN", product_id: id, quantity: 1 }))
    const made = await post("/stock-movements", { items })
    expect(made.status).toBe(201)
    expect(made.body.data).toHaveLength(500)
    expect(await stockOf(id)).toBe(500)
    expect(await post("/stock-movements", { items: [...items, items[0]] })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/items" }] },
    })
  }, 60_000)
})

describe("the journal", () => {
  test("comes newest first, page by page, by product, place, type and time", async () => {
    const world = await signUp()
    const [one, two] = [await product({}, world), await product({}, world)]
    const ids: string[] = []
    for (const [body, count] of [
      [{ type: "IN", product_id: one.id }, 3],
      [{ type: "IN", product_id: two.id }, 2],
      [{ type: "OUT", product_id: one.id }, 1],
    ] as const) {
      for (let index = 0; index < count; index += 1) ids.unshift((await moved({ ...body, quantity: 1 }, world)).id)
    }
    const list = async (query: string) => {
      const answer = await get(`/stock-movements?${query}`, world)
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
      return { ids: answer.body.data.map((row: { id: string }) => row.id) as string[], next: answer.body.next_cursor as string | null }
    }
    expect((await list("")).ids).toEqual(ids)
    const first = await list("limit=4")
    expect(first.ids).toEqual(ids.slice(0, 4))
    expect(await list(`limit=4&cursor=${first.next}`)).toEqual({ ids: ids.slice(4), next: null })
    expect((await list(`product_id=${one.id}&limit=2`)).ids).toEqual([ids[0], ids[3]])
    expect((await list("type=out")).ids).toEqual([ids[0]])
    expect((await list(`product_id=${two.id}&type=OUT`)).ids).toEqual([])
    const [row] = (await get("/stock-movements?limit=1", world)).body.data
    expect((await list(`warehouse_id=${row.warehouse_id}`)).ids).toEqual(ids)
    expect((await list("warehouse_id=whs_00000000000000000000000000")).ids).toEqual([])
    expect((await list("from=2020-01-01&to=2100-01-01")).ids).toEqual(ids)
    expect((await list("to=2020-01-01")).ids).toEqual([])
    expect((await get("/stock-movements?cursor=nonsense", world)).status).toBe(422)
    expect((await get("/stock-movements?colour=red", world)).status).toBe(422)
  })

  test("costs one trip and at most two rows a row returned, by product too", async () => {
    const world = await signUp()
    const { id } = await product({}, world)
    const items = Array.from({ length: 60 }, () => ({ type: "IN", product_id: id, quantity: 1 }))
    expect((await post("/stock-movements", { items }, world)).status).toBe(201)
    for (const path of ["/stock-movements?limit=20", `/stock-movements?limit=20&product_id=${id}`]) {
      // The least of three: one in ten seconds also reads what was revoked.
      const costs = []
      for (let attempt = 0; attempt < 3; attempt += 1) costs.push(costOf(await get(path, world)))
      const trips = Math.min(...costs.map((cost) => cost.trips))
      const read = Math.min(...costs.map((cost) => cost.read))
      expect({ path, trips }).toEqual({ path, trips: 1 })
      expect(read, path).toBeLessThanOrEqual(2 * 21)
    }
  })
})
