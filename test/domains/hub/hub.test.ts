import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { quiet } from "../../support/ledger.ts"
import { market } from "../../support/market.ts"
import { api, auditOf, eventsOf, hire, type Person, signUp, type World } from "../../support/world.ts"

quiet()

let ours: World
let theirs: World
let staff: Person
let code = 0

beforeAll(async () => {
  ;[ours, theirs] = [await signUp(), await signUp()]
  staff = await hire(ours.token, "staff")
}, 60_000)

type Body = Record<string, unknown>

const post = (path: string, body: Body, by: { token: string } = ours, headers: Record<string, string> = {}) =>
  api("POST", path, { token: by.token, body, headers })
const get = (path: string, by: { token: string } = ours) => api("GET", path, { token: by.token })

async function family(body: Body = {}, by: World = ours): Promise<{ id: string; code: string; version: number }> {
  const answer = await post("/families", { code: (code += 1), name: "Wave soundbars", ...body }, by)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

async function identity(familyId: string, type = "PART", lci?: number): Promise<{ id: string; upis_h: string; lci: number }> {
  const answer = await post("/identities", { family_id: familyId, type, ...(lci === undefined ? {} : { lci }) })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

describe("families", () => {
  test("are made with a code of five digits, shown, changed and deleted, each step in the log and as an event", async () => {
    const world = await signUp()
    const made = await post("/families", { code: 845, name: "Wave soundbars" }, world)
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ code: "00845", name: "Wave soundbars", description: "", version: 1 })
    expect(made.headers.get("location")).toBe(`/api/v1/families/${made.body.id}`)
    const path = `/families/${made.body.id}`
    const stale = { "if-match": made.headers.get("etag") ?? "" }
    const changed = await api("PATCH", path, { token: world.token, body: { name: "Waves" }, headers: stale })
    expect(changed).toMatchObject({ status: 200, body: { code: "00845", name: "Waves", version: 2 } })
    expect(await api("PATCH", path, { token: world.token, body: { name: "No" }, headers: stale })).toMatchObject({
      status: 412,
      body: { code: "VERSION_MISMATCH" },
    })
    expect((await get(path, world)).body).toMatchObject({ name: "Waves", identities: [] })
    expect(await api("DELETE", path, { token: world.token, headers: stale })).toMatchObject({ status: 412 })
    expect(await api("DELETE", path, { token: world.token })).toMatchObject({ status: 204 })
    expect(await get(path, world)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } })
    const actions = (await auditOf(world.org.id)).map(({ action }) => action).filter((action) => action.startsWith("hub."))
    expect(actions).toEqual(["hub.family.create", "hub.family.update", "hub.family.delete"])
    expect((await eventsOf(world.org.id)).filter((type) => type.startsWith("family."))).toEqual([
      "family.created",
      "family.updated",
      "family.deleted",
    ])
  })

  test("INV-UPI-1: a code is one family's in the organization, and another organization's is its own", async () => {
    const first = await family()
    expect(await post("/families", { code: first.code, name: "Again" })).toMatchObject({
      status: 409,
      body: { code: "CONFLICT", errors: [{ pointer: "/code", code: "TAKEN" }] },
    })
    expect((await post("/families", { code: first.code, name: "Theirs" }, theirs)).status).toBe(201)
  })

  test.each([-1, 100_000, 1.5, "12a", "123456", null])("refuse the code %j, and anything to change it", async (wrong) => {
    expect(await post("/families", { code: wrong, name: "Wrong" })).toMatchObject({ status: 422, body: { code: "VALIDATION_FAILED" } })
    const { id } = await family()
    expect((await api("PATCH", `/families/${id}`, { token: ours.token, body: { code: 7 } })).status).toBe(422)
  })

  test("INV-UPI-1: one that has an identity is not deleted", async () => {
    const { id } = await family()
    await identity(id)
    expect(await api("DELETE", `/families/${id}`, { token: ours.token })).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
    expect((await get(`/families/${id}`)).body.identities).toHaveLength(1)
  })

  test("INV-UPI-1: of an identity and the deletion at once, one is refused", async () => {
    const { id } = await family()
    const [made, gone] = await Promise.all([
      post("/identities", { family_id: id, type: "PRODUCT" }),
      api("DELETE", `/families/${id}`, { token: ours.token }),
    ])
    expect([`${made.status} ${gone.status}`]).toEqual([expect.stringMatching(/^(201 409|404 204)$/)])
  })

  test("come by code, page by page", async () => {
    const world = await signUp()
    for (const one of [30, 10, 20]) await family({ code: one }, world)
    const first = await get("/families?limit=2", world)
    expect(first.body.data.map((row: { code: string }) => row.code)).toEqual(["00010", "00020"])
    const second = await get(`/families?limit=2&cursor=${first.body.next_cursor}`, world)
    expect(second.body).toMatchObject({ data: [{ code: "00030" }], next_cursor: null })
  })

  test("are read by everybody, and changed by managers and above", async () => {
    const { id } = await family()
    expect((await get(`/families/${id}`, staff)).status).toBe(200)
    expect((await get("/families", staff)).status).toBe(200)
    expect(await post("/families", { code: 9, name: "No" }, staff)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } })
    expect((await api("PATCH", `/families/${id}`, { token: staff.token, body: { name: "No" } })).status).toBe(403)
    expect((await api("DELETE", `/families/${id}`, { token: staff.token })).status).toBe(403)
  })

  test("of another organization are not there", async () => {
    const { id } = await family()
    expect((await get(`/families/${id}`, theirs)).status).toBe(404)
    expect((await api("PATCH", `/families/${id}`, { token: theirs.token, body: { name: "Mine" } })).status).toBe(404)
    expect((await api("DELETE", `/families/${id}`, { token: theirs.token })).status).toBe(404)
  })

  test("are made, changed and deleted once, however often one request is sent", async () => {
    const key = () => ({ "idempotency-key": crypto.randomUUID() })
    const [made, changed, gone] = [key(), key(), key()]
    const body = { code: (code += 1), name: "Once" }
    const [first, again] = [await post("/families", body, ours, made), await post("/families", body, ours, made)]
    expect(again.body).toEqual(first.body)
    expect((await post("/families", { ...body, name: "Other" }, ours, made)).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    const path = `/families/${first.body.id}`
    const change = () => api("PATCH", path, { token: ours.token, body: { name: "Twice" }, headers: changed })
    expect([(await change()).body.version, (await change()).body.version]).toEqual([2, 2])
    const remove = () => api("DELETE", path, { token: ours.token, headers: gone })
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204])
  })
})

describe("identities", () => {
  test("INV-UPI-2: get their UPIS-H and signature, and are found by id and by UPIS-H", async () => {
    const world = await signUp()
    const { id } = await family({ code: 845 }, world)
    const make = async (body: Body) => (await post("/identities", { family_id: id, ...body }, world)).body
    const part = await make({ type: "PART" })
    expect(part).toMatchObject({ family_id: id, type: "PART", lci: 1, upis_h: "00845-P-1", hex_signature: "0D9AC325" })
    expect(await make({ type: "product" })).toMatchObject({ upis_h: "00845", lci: null })
    expect(await make({ type: "BUNDLE" })).toMatchObject({ upis_h: "00845-B" })
    expect(await make({ type: "KIT" })).toMatchObject({ upis_h: "00845-K" })
    expect((await get(`/identities/${part.id}`, world)).body).toEqual({ ...part, variants: [] })
    expect((await get("/identities/upis/00845-p-1", world)).body).toEqual({ ...part, variants: [] })
    expect(await get("/identities/upis/00845-P-2", world)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } })
    const listed = await get(`/identities?family_id=${id}`, world)
    expect(listed.body.data.map((row: { upis_h: string }) => row.upis_h)).toEqual(["00845", "00845-B", "00845-K", "00845-P-1"])
    const page = await get("/identities?limit=3", world)
    expect((await get(`/identities?limit=3&cursor=${page.body.next_cursor}`, world)).body).toMatchObject({
      data: [{ upis_h: "00845-P-1" }],
      next_cursor: null,
    })
    expect((await get(`/families/${id}`, world)).body.identities).toHaveLength(4)
  })

  test("INV-UPI-2: come once in a family, and nothing changes them", async () => {
    const { id } = await family()
    await identity(id, "KIT")
    const part = await identity(id, "PART", 7)
    expect(await post("/identities", { family_id: id, type: "KIT" })).toMatchObject({
      status: 409,
      body: { errors: [{ pointer: "/type" }] },
    })
    expect(await post("/identities", { family_id: id, type: "PART", lci: 7 })).toMatchObject({
      status: 409,
      body: { code: "CONFLICT", errors: [{ pointer: "/lci", code: "TAKEN" }] },
    })
    for (const method of ["PATCH", "PUT", "DELETE"] as const) {
      expect((await api(method, `/identities/${part.id}`, { token: ours.token, body: {} })).status).toBe(405)
    }
    await expect(env.DB.prepare("update identities set lci = 8 where id = ?").bind(part.id).run()).rejects.toThrow("immutable")
  })

  test("INV-UPI-4: parts get the smallest free number, and no number twice at once", async () => {
    const { id } = await family()
    await identity(id, "PART", 2)
    const made = await Promise.all(Array.from({ length: 12 }, () => post("/identities", { family_id: id, type: "PART" })))
    expect(made.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 201))
    const numbers = made.map(({ body }) => body.lci as number).sort((a, b) => a - b)
    expect(numbers).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
  }, 30_000)

  test("INV-UPI-4: a number that a failed request was given is free again once its hold is over; a hundredth part is refused", async () => {
    const { id } = await family()
    const fill = (sql: string) => env.DB.prepare(sql).bind(ours.org.id, id).run()
    await fill("insert into part_number_holds (org_id, family_id, lci, held_until) values (?1, ?2, 1, 1), (?1, ?2, 2, 8640000000000000)")
    expect(await identity(id)).toMatchObject({ lci: 1 })
    expect(await identity(id)).toMatchObject({ lci: 3 })
    await fill(
      "with recursive n (i) as (select 1 union all select i + 1 from n where i < 99) insert or replace into part_number_holds select ?1, ?2, i, 8640000000000000 from n",
    )
    expect(await post("/identities", { family_id: id, type: "PART" })).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
  })

  test.each([
    [{ type: "KIT", lci: 1 }, "/lci"],
    [{ type: "PART", lci: 0 }, "/lci"],
    [{ type: "PART", lci: 100 }, "/lci"],
    [{ type: "PART", lci: 1.5 }, "/lci"],
    [{ type: "GADGET" }, "/type"],
    [{ type: "PART", upis_h: "00001-P-1" }, "/upis_h"],
  ])("refuse %j", async (body, pointer) => {
    const { id } = await family()
    expect(await post("/identities", { family_id: id, ...body })).toMatchObject({ status: 422, body: { errors: [{ pointer }] } })
  })

  test("are made by managers and above, in their own families, and read by all of the organization", async () => {
    const { id } = await family()
    const part = await identity(id)
    expect((await post("/identities", { family_id: id, type: "PART" }, staff)).status).toBe(403)
    expect((await get(`/identities/${part.id}`, staff)).status).toBe(200)
    expect((await get("/identities", staff)).status).toBe(200)
    expect((await post("/identities", { family_id: id, type: "PART" }, theirs)).status).toBe(404)
    expect((await get(`/identities/${part.id}`, theirs)).status).toBe(404)
    expect((await get(`/identities?family_id=${id}`, theirs)).body.data).toEqual([])
  })

  test("are made once, however often one request is sent, also at once", async () => {
    const { id } = await family()
    const headers = { "idempotency-key": crypto.randomUUID() }
    const send = () => post("/identities", { family_id: id, type: "PART" }, ours, headers)
    const [first, second] = await Promise.all([send(), send()])
    expect(first.body).toEqual(second.body)
    expect((await send()).body).toEqual(first.body)
    expect((await get(`/families/${id}`)).body.identities).toHaveLength(1)
  })
})

describe("variants", () => {
  const white = { color: "wy", condition: "n", price: "49.90" }

  test("INV-UPI-3: are products with a generated SKU, found by id, by SKU, by identity and among the products", async () => {
    const part = await identity((await family()).id)
    const made = await post("/variants", { identity_id: part.id, ...white, stock_quantity: 5 })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    const sku = `${part.upis_h}-WY-N`
    const said = { sku, identity_id: part.id, upis_h: part.upis_h, color: "WY", size: null, condition: "N" }
    expect(made.body).toMatchObject({ ...said, name: "Wave soundbars", price: "49.90", stock_quantity: 5 })
    expect(made.headers.get("location")).toBe(`/api/v1/variants/${made.body.id}`)
    expect((await get(`/variants/${made.body.id}`)).body).toEqual(made.body)
    expect((await get(`/variants/sku/${sku.toLowerCase()}`)).body).toEqual(made.body)
    const { upis_h: _, ...product } = made.body
    expect((await get(`/products/${made.body.id}`)).body).toEqual({ ...product, min_stock_levels: [] })
    expect((await get(`/variants?identity_id=${part.id}`)).body).toMatchObject({ data: [{ id: made.body.id }], next_cursor: null })
    expect((await get(`/identities/${part.id}`)).body.variants).toMatchObject([said])
    expect((await get("/variants/sku/NO-SUCH")).status).toBe(404)
  })

  test("a plain product is none", async () => {
    const plain = await post("/products", { sku: `PLAIN-${(code += 1)}`, name: "Plain", price: "1" })
    expect(plain.body).toMatchObject({ identity_id: null, color: null, size: null, condition: null })
    expect((await get(`/variants/${plain.body.id}`)).status).toBe(404)
    expect((await get(`/variants/sku/${plain.body.sku}`)).status).toBe(404)
  })

  test("INV-UPI-3: what would read back as something else is refused by the rule's name, and nothing is made", async () => {
    const product = await identity((await family()).id, "PRODUCT")
    const refused = async (body: Body) => (await post("/variants", { identity_id: product.id, price: "1", ...body })).body.errors?.[0]
    expect(await refused({ size: "XL" })).toMatchObject({ pointer: "/size", code: "SIZE_READS_AS_COLOR" })
    expect(await refused({ size: "N" })).toMatchObject({ pointer: "/size", code: "SIZE_READS_AS_CONDITION" })
    expect(await refused({ size: "B", condition: "U" })).toMatchObject({ pointer: "/size", code: "SIZE_READS_AS_TYPE" })
    expect(await refused({ color: "W" })).toMatchObject({ pointer: "/color" })
    expect(await refused({ color: "W1" })).toMatchObject({ pointer: "/color" })
    expect(await refused({ size: "12345" })).toMatchObject({ pointer: "/size" })
    expect(await refused({ condition: "X" })).toMatchObject({ pointer: "/condition" })
    expect(await refused({ sku: "OWN" })).toMatchObject({ pointer: "/sku" })
    expect((await get(`/variants?identity_id=${product.id}`)).body.data).toEqual([])
  })

  test("INV-UPI-3: come once, keep their SKU when they are edited, and give it up when archived", async () => {
    const part = await identity((await family()).id)
    const first = await post("/variants", { identity_id: part.id, ...white })
    expect(await post("/variants", { identity_id: part.id, ...white })).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
    const path = `/products/${first.body.id}`
    const patch = (body: Body) => api("PATCH", path, { token: ours.token, body })
    expect(await patch({ sku: "OTHER" })).toMatchObject({ status: 422, body: { errors: [{ pointer: "/sku", code: "GENERATED" }] } })
    expect(await patch({ sku: first.body.sku, price: "39.90" })).toMatchObject({ status: 200, body: { price: "39.90", color: "WY" } })
    expect((await api("DELETE", path, { token: ours.token })).status).toBe(204)
    expect((await get(`/variants/${first.body.id}`)).status).toBe(404)
    expect((await post("/variants", { identity_id: part.id, ...white })).status).toBe(201)
  })

  test("are made by managers and above, of their own identities, and once for each request", async () => {
    const part = await identity((await family()).id)
    const body = { identity_id: part.id, ...white }
    expect((await post("/variants", body, staff)).status).toBe(403)
    expect((await post("/variants", body, theirs)).status).toBe(404)
    const headers = { "idempotency-key": crypto.randomUUID() }
    const [first, again] = [await post("/variants", body, ours, headers), await post("/variants", body, ours, headers)]
    expect(first.status).toBe(201)
    expect(again.body).toEqual(first.body)
    expect((await get("/variants", staff)).status).toBe(200)
    expect((await get(`/variants/${first.body.id}`, theirs)).status).toBe(404)
    expect((await get(`/variants/sku/${first.body.sku}`, theirs)).status).toBe(404)
    expect((await get("/variants", theirs)).body.data).toEqual([])
  })
})

describe("a product that was made without an identity", () => {
  const plain = async (body: Body = {}, by: World = ours): Promise<{ id: string; sku: string }> => {
    const answer = await post("/products", { sku: `PLAIN-${(code += 1)}`, name: "Plain", price: "1", ...body }, by)
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    return answer.body
  }

  test("INV-UPI-5: becomes a variant and keeps all but its SKU; orders, stock and searches go on", async () => {
    const { supplier, buyer, body } = await market(10)
    const productId = body.items[0]?.product_id ?? ""
    const order = (await post("/orders", body, buyer)).body
    const { id: familyId } = await family({ code: 845 }, supplier)
    const part = (await post("/identities", { family_id: familyId, type: "PART" }, supplier)).body
    const before = await get(`/products/${productId}`, supplier)
    const attached = await post("/variants", { product_id: productId, identity_id: part.id, color: "wy", condition: "n" }, supplier, {
      "if-match": before.headers.get("etag") ?? "",
    })
    expect(attached.status, JSON.stringify(attached.body)).toBe(201)
    expect(attached.headers.get("location")).toBe(`/api/v1/variants/${productId}`)
    const { min_stock_levels: _, ...kept } = before.body
    const said = { sku: "00845-P-1-WY-N", identity_id: part.id, color: "WY", size: null, condition: "N", version: 2 }
    expect(attached.body).toEqual({ ...kept, ...said, upis_h: "00845-P-1", updated_at: attached.body.updated_at })
    expect((await get("/variants/sku/00845-p-1-wy-n", supplier)).body).toEqual(attached.body)
    expect((await get(`/variants/${productId}`, supplier)).body).toEqual(attached.body)
    expect((await get(`/identities/${part.id}`, supplier)).body.variants).toMatchObject([{ id: productId }])
    expect((await get(`/products/${productId}`, supplier)).body).toMatchObject({ ...said, stock_quantity: 10, name: "Tomatoes" })
    const found = async (q: string) => (await get(`/products/catalog?q=${q}`, buyer)).body.data.map((row: { id: string }) => row.id)
    expect([await found("00845-P-1"), await found("TOM-001")]).toEqual([[productId], []])
    const accepted = await api("PUT", `/orders/${order.id}/status`, { token: supplier.token, body: { status: "ACCEPTED" } })
    expect(accepted.body).toMatchObject({ status: "ACCEPTED", items: [{ product_id: productId, sku: "TOM-001" }] })
    expect((await get(`/products/${productId}`, supplier)).body.stock_quantity).toBe(9)
    const audits = (await auditOf(supplier.org.id)).filter(({ action }) => action === "catalog.product.update")
    expect(audits.map(({ before: was, after }) => [JSON.parse(was ?? "").sku, JSON.parse(after ?? "").identity_id])).toEqual([
      ["TOM-001", part.id],
    ])
    expect((await eventsOf(supplier.org.id)).filter((type) => type === "product.updated")).toHaveLength(1)
    // What it was called is free for another.
    expect((await post("/products", { sku: "TOM-001", name: "Tomatoes", price: "1" }, supplier)).status).toBe(201)
  })

  test("INV-UPI-5: is attached once and for good, alone, to an SKU that is free", async () => {
    const [part, other] = [await identity((await family()).id), await identity((await family()).id)]
    const { id } = await plain()
    const attach = (body: Body, headers = {}) => post("/variants", { product_id: id, identity_id: part.id, ...body }, ours, headers)
    expect(await attach({ price: "2" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/price", code: "NOT_OF_A_NEW_PRODUCT" }] },
    })
    expect(await attach({ name: "New" })).toMatchObject({ status: 422, body: { errors: [{ pointer: "/name" }] } })
    expect(await attach({ size: "XL" })).toMatchObject({ status: 422, body: { errors: [{ code: "SIZE_READS_AS_COLOR" }] } })
    expect(await attach({}, { "if-match": '"7.7.s"' })).toMatchObject({ status: 412, body: { code: "VERSION_MISMATCH" } })
    expect((await post("/variants", { identity_id: part.id, price: "1", color: "WY" })).status).toBe(201)
    expect(await attach({ color: "WY" })).toMatchObject({ status: 409, body: { errors: [{ pointer: "/sku", code: "TAKEN" }] } })
    expect((await get(`/products/${id}`)).body).toMatchObject({ identity_id: null, version: 1 })
    const key = { "idempotency-key": crypto.randomUUID() }
    const first = await attach({ color: "BK" }, key)
    expect(first).toMatchObject({ status: 201, body: { id, sku: `${part.upis_h}-BK`, version: 2 } })
    expect((await attach({ color: "BK" }, key)).body).toEqual(first.body)
    expect(await attach({ identity_id: other.id })).toMatchObject({
      status: 409,
      body: { code: "CONFLICT", errors: [{ pointer: "/product_id", code: "IS_A_VARIANT" }] },
    })
    expect((await api("PATCH", `/products/${id}`, { token: ours.token, body: { sku: "BACK" } })).body.errors).toMatchObject([
      { pointer: "/sku", code: "GENERATED" },
    ])
  })

  test("is attached by managers and above, both being their own and there", async () => {
    const part = await identity((await family()).id)
    const [mine, foreign, gone] = [await plain(), await plain({}, theirs), await plain()]
    await api("DELETE", `/products/${gone.id}`, { token: ours.token })
    const attach = async (product_id: string, by: { token: string } = ours) =>
      (await post("/variants", { product_id, identity_id: part.id }, by)).status
    expect(await attach(mine.id, staff)).toBe(403)
    expect(await attach(foreign.id, theirs)).toBe(404)
    expect(await attach(foreign.id)).toBe(404)
    expect(await attach(gone.id)).toBe(404)
    expect((await get(`/products/${foreign.id}`, theirs)).body).toMatchObject({ identity_id: null, version: 1 })
    const nothing = await post("/variants", { identity_id: part.id })
    expect(nothing).toMatchObject({ status: 422, body: { errors: [{ pointer: "/price", code: "REQUIRED" }] } })
    expect(await attach(mine.id)).toBe(201)
  })
})
