import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { call, gif, nothingStored, pdf, png, send, stored, uploaded } from "../../support/files.ts"
import { market } from "../../support/market.ts"
import { api, auditOf, costOf, eventsOf, hire, signUp } from "../../support/world.ts"

async function shop() {
  const supplier = await signUp(["supplier"])
  const { token } = supplier
  const { body: product } = await api("POST", "/products", { token, body: { sku: "TOM-1", name: "Tomatoes", price: "1.00" } })
  return { supplier, token, product, path: `/products/${product.id}/images` }
}

type Image = { file_id: string; url: string; thumbnail_url: string; content_type: string; width: number | null; height: number | null }
const imagesOf = async (token: string, id: string): Promise<Image[]> => (await api("GET", `/products/${id}`, { token })).body.images

describe("adding an image to a product", () => {
  test("as the body: the product shows it, with URLs that need no token", async () => {
    const { supplier, token, product, path } = await shop()
    const { status, body } = await send("POST", `${path}?name=tomato.png`, { token, body: await png(640, 480) })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({ id: product.id, version: 2, images: [{ content_type: "image/png", width: 640, height: 480 }] })
    const [image] = await imagesOf(token, product.id)
    expect(image).toEqual(body.images[0])
    const whole = await call("GET", image?.url ?? "")
    expect([whole.status, whole.headers.get("content-type")]).toEqual([200, "image/png"])
    await whole.arrayBuffer()
    const small = await call("GET", image?.thumbnail_url ?? "")
    expect([small.status, small.headers.get("content-type")]).toEqual([200, "image/webp"])
    const { width } = (await env.IMAGES.info(new Blob([await small.arrayBuffer()]).stream())) as { width: number }
    expect(width).toBe(320)
    expect((await stored(supplier.org.id)).rows).toMatchObject([{ status: "ATTACHED", subject_kind: "product", subject_id: product.id }])
    expect((await auditOf(supplier.org.id)).map(({ action }) => action).slice(-2)).toEqual(["files.file.upload", "catalog.product.update"])
    expect(await eventsOf(supplier.org.id)).toContain("product.updated")
  })

  test("INV-FIL-2: as a file uploaded before, once; it is nobody else's to give, nor deleted while it is shown", async () => {
    const { token, product, path } = await shop()
    const manager = await hire(token, "manager")
    const file = await uploaded(token, "product_image", await png())
    const json = { "content-type": "application/json" }
    const give = (by: string, id: string, headers = {}) =>
      send("POST", path, { token: by, body: JSON.stringify({ file_id: id }), headers: { ...json, ...headers } })
    expect((await give(manager.token, file.id)).body.errors).toMatchObject([{ pointer: "/file_id", code: "UNKNOWN_FILE" }])
    const headers = { "idempotency-key": crypto.randomUUID() }
    const first = await give(token, file.id, headers)
    expect(first.status, JSON.stringify(first.body)).toBe(201)
    expect((await give(token, file.id, headers)).body).toEqual(first.body)
    expect((await give(token, file.id)).body.code).toBe("CONFLICT")
    expect((await imagesOf(token, product.id)).map(({ file_id }) => file_id)).toEqual([file.id])
    const deleted = await send("DELETE", `/files/${file.id}`, { token })
    expect([deleted.status, deleted.body.code, deleted.body.current]).toEqual([409, "INVALID_TRANSITION", "ATTACHED"])
    const document = await uploaded(token, "chat_attachment", pdf())
    expect((await give(token, document.id)).body.errors[0].code).toBe("WRONG_PURPOSE")
    const other = await shop()
    const theirs = await uploaded(other.token, "product_image", await png())
    expect((await give(token, theirs.id)).body.errors[0].code).toBe("UNKNOWN_FILE")
    const second = await api("POST", "/products", { token, body: { sku: "TOM-2", name: "More", price: "1.00" } })
    const elsewhere = await send("POST", `/products/${second.body.id}/images`, {
      token,
      body: JSON.stringify({ file_id: file.id }),
      headers: json,
    })
    expect(elsewhere.body.errors[0].code).toBe("ATTACHED")
  })

  test("under one Idempotency-Key is one image", async () => {
    const { supplier, token, path } = await shop()
    const headers = { "idempotency-key": crypto.randomUUID() }
    const bytes = await png()
    const answers = await Promise.all([1, 2].map(() => send("POST", path, { token, body: bytes, headers })))
    const again = await send("POST", path, { token, body: bytes, headers })
    expect([...answers, again].map(({ status, body }) => [status, body.images?.length])).toEqual([
      [201, 1],
      [201, 1],
      [201, 1],
    ])
    expect((await send("POST", path, { token, body: await png(65, 48), headers })).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    const { rows, keys, usage } = await stored(supplier.org.id)
    expect([rows.length, keys.length, usage]).toEqual([1, 1, bytes.byteLength])
  })

  test("is for those who edit products, of their own organization, and leaves nothing where it is refused", async () => {
    const { supplier, token, product, path } = await shop()
    const seller = await hire(token, "sales_rep")
    expect((await send("POST", path, { token: seller.token, body: await png() })).body.code).toBe("FORBIDDEN")
    const stranger = await shop()
    expect((await send("POST", path, { token: stranger.token, body: await png() })).body.code).toBe("NOT_FOUND")
    expect((await send("POST", path, { token, body: pdf() })).body.code).toBe("UNSUPPORTED_MEDIA_TYPE")
    expect((await send("POST", path, { token, body: await png(), headers: { "if-match": '"7.7.s"' } })).body.code).toBe("VERSION_MISMATCH")
    await api("DELETE", `/products/${product.id}`, { token })
    expect((await send("POST", path, { token, body: await png() })).body.code).toBe("NOT_FOUND")
    expect(await stored(supplier.org.id)).toEqual(nothingStored)
    expect((await stored(stranger.supplier.org.id)).rows).toEqual([])
  })

  test("as JSON is held to its schema, and a JSON text is no image", async () => {
    const { token, path } = await shop()
    const json = { "content-type": "application/json; charset=utf-8" }
    for (const [text, code] of [
      ["{", "MALFORMED_JSON"],
      ["{}", "VALIDATION_FAILED"],
      ['{"file_id":"prd_01jd8x2y3zf4g5h6j7k8m9n0pq"}', "VALIDATION_FAILED"],
      ['{"file_id":"fil_01jd8x2y3zf4g5h6j7k8m9n0pq","x":1}', "VALIDATION_FAILED"],
      ['{"file_id":"fil_01jd8x2y3zf4g5h6j7k8m9n0pq"}', "VALIDATION_FAILED"],
    ] as const) {
      expect((await send("POST", path, { token, body: text, headers: json })).body.code, text).toBe(code)
    }
    const asBytes = await send("POST", path, { token, body: '{"file_id":"fil_01jd8x2y3zf4g5h6j7k8m9n0pq"}' })
    expect(asBytes.body.code).toBe("UNSUPPORTED_MEDIA_TYPE")
  })

  test("ends at ten", async () => {
    const { supplier, token, path } = await shop()
    for (let n = 0; n < limits.productImagesMax; n += 1) expect((await send("POST", path, { token, body: gif() })).status).toBe(201)
    expect((await send("POST", path, { token, body: gif() })).body.code).toBe("CONFLICT")
    expect((await stored(supplier.org.id)).rows.length).toBe(limits.productImagesMax)
  })
})

describe("an image", () => {
  test("is seen by buyers with an approved link, in the catalog too, whose page costs no more for it", async () => {
    const { supplier, buyer, body } = await market()
    const id = body.items[0]?.product_id ?? ""
    const before = costOf(await api("GET", "/products/catalog", { token: buyer.token }))
    const added = await send("POST", `/products/${id}/images`, { token: supplier.token, body: await png() })
    const fileId = added.body.images[0].file_id
    const page = await api("GET", "/products/catalog", { token: buyer.token })
    expect(costOf(page)).toEqual(before)
    const [image] = page.body.data[0].images
    expect((await call("GET", image.url)).status).toBe(200)
    expect((await call("GET", `/files/${fileId}/content`, { token: buyer.token })).status).toBe(200)
    expect((await send("GET", `/files/${fileId}`, { token: buyer.token })).body).toMatchObject({ id: fileId, purpose: "product_image" })
    const stranger = await signUp(["buyer"])
    expect((await call("GET", `/files/${fileId}/content`, { token: stranger.token })).status).toBe(404)
    const link = (await api("GET", "/links/my-links", { token: supplier.token })).body.data[0].id
    await api("PUT", `/links/${link}/status`, { token: supplier.token, body: { status: "BLOCKED" } })
    expect((await call("GET", `/files/${fileId}/content`, { token: buyer.token })).status).toBe(404)
    expect((await call("DELETE", `/files/${fileId}`, { token: buyer.token })).status).toBe(404)
  })

  test("changes the product's ETag with its URL, and If-Match takes no notice", async () => {
    const { token, product, path } = await shop()
    const added = await send("POST", path, { token, body: await png() })
    const etag = added.headers.get("etag") ?? ""
    expect(etag).toMatch(/^"2\.\d{11,}\.s"$/)
    expect((await api("GET", `/products/${product.id}`, { token, headers: { "if-none-match": etag } })).status).toBe(304)
    expect((await api("PATCH", `/products/${product.id}`, { token, headers: { "if-match": etag }, body: { price: "2.00" } })).status).toBe(
      200,
    )
  })
})

describe("taking an image off a product", () => {
  async function withTwo() {
    const made = await shop()
    for (const shade of [1, 2]) await send("POST", made.path, { token: made.token, body: await png(20, 20, shade) })
    const [first, second] = await imagesOf(made.token, made.product.id)
    return { ...made, first: first?.file_id ?? "", second: second?.file_id ?? "", one: `${made.path}/${first?.file_id}` }
  }

  test("leaves the others in their order, its version one higher, an audit row and an event; the file belongs to nothing then", async () => {
    const { supplier, token, product, first, second, one } = await withTwo()
    expect((await api("DELETE", one, { token, headers: { "if-match": '"3.3.s"' } })).status).toBe(204)
    expect((await imagesOf(token, product.id)).map(({ file_id }) => file_id)).toEqual([second])
    expect((await api("GET", `/products/${product.id}`, { token })).body.version).toBe(4)
    const entry = (await auditOf(supplier.org.id)).at(-1)
    expect([entry?.action, entry?.before?.includes(first), entry?.after?.includes(first)]).toEqual(["catalog.product.update", true, false])
    expect((await eventsOf(supplier.org.id)).at(-1)).toBe("product.updated")
    expect((await stored(supplier.org.id)).rows.find(({ id }) => id === first)).toMatchObject({ status: "READY", subject_id: null })
    expect((await send("DELETE", `/files/${first}`, { token })).status).toBe(204)
  })

  test("a second time there is no such image; under the first time's Idempotency-Key it is the first answer", async () => {
    const { token, one } = await withTwo()
    const headers = { "idempotency-key": crypto.randomUUID() }
    expect((await api("DELETE", one, { token, headers })).status).toBe(204)
    expect((await api("DELETE", one, { token, headers })).status).toBe(204)
    const again = await api("DELETE", one, { token })
    expect([again.status, again.body.code]).toEqual([404, "NOT_FOUND"])
  })

  test("is for those who edit products, of the product's own organization, at the version they saw", async () => {
    const { token, product, first, second, one } = await withTwo()
    const seller = await hire(token, "sales_rep")
    expect((await api("DELETE", one, { token: seller.token })).body.code).toBe("FORBIDDEN")
    const stranger = await signUp(["supplier"])
    expect((await api("DELETE", one, { token: stranger.token })).body.code).toBe("NOT_FOUND")
    expect((await api("DELETE", one, { token, headers: { "if-match": '"7.7.s"' } })).body.code).toBe("VERSION_MISMATCH")
    expect((await imagesOf(token, product.id)).map(({ file_id }) => file_id)).toEqual([first, second])
    await api("DELETE", `/products/${product.id}`, { token })
    expect((await api("DELETE", one, { token })).body.code).toBe("NOT_FOUND")
  })
})
