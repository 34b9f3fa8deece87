import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { stubOf } from "../../../durable-objects/supplier-ledger/client.ts"
import type { SupplierLedger } from "../../../durable-objects/supplier-ledger/supplier-ledger.ts"
import { newId, type OrganizationId, routingOf } from "../../../src/kernel/ids.ts"
import { api, auditOf, eventsOf, hire, signUp, unique } from "../../support/world.ts"

/** A product with two images. Nothing adds them over HTTP before files do, so they are laid into the ledger's own row. */
async function illustrated() {
  const supplier = await signUp(["supplier"])
  const { token } = supplier
  const { body: product } = await api("POST", "/products", { token, body: { sku: unique("IMG"), name: "Illustrated", price: "1.00" } })
  const [first, second] = [newId("fil", Date.now()), newId("fil", Date.now())]
  const stub = stubOf(env, routingOf(supplier.org.id as OrganizationId)) as unknown as DurableObjectStub<SupplierLedger>
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec("UPDATE products SET images = ? WHERE id = ?", JSON.stringify([first, second]), product.id)
  })
  return { supplier, token, product, first, second, path: `/products/${product.id}/images/${first}` }
}

const imagesOf = async (token: string, id: string): Promise<string[]> => (await api("GET", `/products/${id}`, { token })).body.images

describe("taking an image off a product", () => {
  test("leaves the others, moves the version, and stands in the trail and the events", async () => {
    const { supplier, token, product, second, path } = await illustrated()
    expect((await api("DELETE", path, { token })).status).toBe(204)
    expect(await imagesOf(token, product.id)).toEqual([second])
    expect((await api("GET", `/products/${product.id}`, { token })).body.version).toBe(product.version + 1)
    expect((await auditOf(supplier.org.id)).at(-1)?.action).toBe("catalog.product.update")
    expect((await eventsOf(supplier.org.id)).at(-1)).toBe("product.updated")
  })

  test("a second time there is no such image; under the first time's Idempotency-Key it is the first answer", async () => {
    const { token, path } = await illustrated()
    const headers = { "idempotency-key": unique("key") }
    expect((await api("DELETE", path, { token, headers })).status).toBe(204)
    expect((await api("DELETE", path, { token, headers })).status).toBe(204)
    expect(await api("DELETE", path, { token })).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } })
  })

  test("is refused to who may not edit, to another organization, on a stale version and on an archived product, and changes nothing", async () => {
    const { token, product, first, second, path } = await illustrated()
    const sales = await hire(token, "sales_rep")
    const stranger = await signUp(["supplier"])
    expect(await api("DELETE", path, { token: sales.token })).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } })
    expect(await api("DELETE", path, { token: stranger.token })).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } })
    const stale = { "if-match": '"999.1.s"' }
    expect(await api("DELETE", path, { token, headers: stale })).toMatchObject({ status: 412, body: { code: "VERSION_MISMATCH" } })
    // Any edit shows D1 the row as it is in the ledger.
    await api("PATCH", `/products/${product.id}`, { token, body: { name: "Still illustrated" } })
    expect(await imagesOf(token, product.id)).toEqual([first, second])
    expect((await api("DELETE", `/products/${product.id}`, { token })).status).toBe(204)
    expect(await api("DELETE", path, { token })).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } })
  })
})
