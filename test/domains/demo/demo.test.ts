import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { demoEndpoints } from "../../../src/domains/demo/index.ts"
import { appOf, asPlatformStaff } from "../../support/app.ts"
import { api, auditOf, platformStaff, signIn, signUp, unique } from "../../support/world.ts"

test("nothing of it exists but in development: each path answers like an unknown one", async () => {
  const call = appOf(demoEndpoints, { env: { ...env, ENVIRONMENT: "production" } })
  const told = async (path: string) => {
    const response = await call(path, {
      method: "POST",
      headers: { ...(await asPlatformStaff()), "content-type": "application/json" },
      body: "{}",
    })
    return [response.status, { ...((await response.json()) as object), request_id: null }]
  }
  const unknown = await told("/dev/nothing")
  for (const { spec } of demoEndpoints) expect(await told(spec.path.slice(1)), spec.path).toEqual(unknown)
})

test("INV-DEMO-2: the platform's first super_admin is made once; a second is a conflict", async () => {
  const person = (email: string) => ({ body: { email, password: "waybill-demo", full_name: "Sasha Super" } })
  const email = `${unique("super")}@example.test`
  expect((await api("POST", "./dev/super-admin", person(email))).status).toBe(201)
  const { token } = await signIn(email)
  expect((await api("GET", "/auth/me", { token })).body).toMatchObject({ organization: null, roles: ["super_admin"] })
  const second = await api("POST", "./dev/super-admin", person(`${unique("super")}@example.test`))
  expect([second.status, second.body.code]).toEqual([409, "CONFLICT"])
})

test("organizations come with owners who can sign in", async () => {
  const { token } = await platformStaff()
  const [slug, email] = [unique("firm"), `${unique("owner")}@example.test`]
  const organization = { name: "A Firm", slug, capabilities: ["supplier"], owner_email: email, owner_name: "Olga" }
  const { status, body } = await api("POST", "./dev/organizations", {
    token,
    body: { password: "waybill-demo", organizations: [organization] },
  })
  expect(status).toBe(200)
  const owner = await signIn(email)
  expect((await api("GET", "/auth/me", { token: owner.token })).body).toMatchObject({
    organization: { id: body.data[0].id, slug },
    roles: ["owner"],
  })
  const product = await api("POST", "/products", { token: owner.token, body: { sku: "A", name: "A", price: "1.00" } })
  expect(product.status).toBe(201)
})

/** A supplier's past: a product, a link, and orders by what the test asks. */
async function past(orders: (productId: string) => readonly object[]) {
  const { token } = await platformStaff()
  const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
  const replay = (body: object, headers = {}) =>
    api("POST", "./dev/past", { token, headers, body: { supplier_id: supplier.org.id, ...body } })
  const product = { sku: "TOM", name: "Tomatoes", price: "5.99", stock_quantity: 100, min_order_qty: 10, at: "2026-01-01T00:00:00Z" }
  const link = { buyer_id: buyer.org.id, at: "2026-01-01T01:00:00Z", approved_at: "2026-01-01T02:00:00Z" }
  const begun = await replay({ products: [product], links: [link] })
  expect(begun.body).toMatchObject({ refused: [], products: [expect.stringMatching(/^prd_/)], links: [expect.stringMatching(/^lnk_/)] })
  const body = { orders: orders(begun.body.products[0]).map((order) => ({ buyer_id: buyer.org.id, ...order })) }
  return { supplier, buyer, productId: begun.body.products[0] as string, replay: (headers = {}) => replay(body, headers) }
}

const items = (product_id: string, quantity: number) => [{ product_id, quantity }]

test("INV-DEMO-1: the past goes through the ledger's rules, at its own times", async () => {
  const { supplier, buyer, productId, replay } = await past((id) => [
    {
      at: "2026-02-01T08:00:00Z",
      items: items(id, 20),
      moves: [
        { status: "ACCEPTED", at: "2026-02-01T09:00:00Z" },
        { status: "IN_DELIVERY", at: "2026-02-02T09:00:00Z" },
        { status: "COMPLETED", at: "2026-02-03T09:00:00Z" },
      ],
    },
    { at: "2026-02-01T08:30:00Z", items: items(id, 9), moves: [{ status: "ACCEPTED", at: "2026-02-01T10:00:00Z" }] },
    { at: "2026-02-01T08:45:00Z", items: items(id, 90), moves: [{ status: "ACCEPTED", at: "2026-02-01T10:00:00Z" }] },
  ])
  const { status, body } = await replay()
  expect(status).toBe(200)
  expect(body.orders).toEqual([expect.stringMatching(/^ord_/), null, expect.stringMatching(/^ord_/)])
  // What is about a refused order is refused with it.
  expect(body.refused).toEqual([
    { what: "order", code: "BELOW_MINIMUM" },
    { what: "move", code: "BELOW_MINIMUM" },
    { what: "move", code: "STOCK_INSUFFICIENT" },
  ])
  const done = (await api("GET", `/orders/${body.orders[0]}`, { token: buyer.token })).body
  expect(done).toMatchObject({ number: "SO-00001", status: "COMPLETED", total_amount: "119.80", placed_at: "2026-02-01T08:00:00.000Z" })
  expect(done.history.map(({ at }: { at: string }) => at.slice(0, 13))).toEqual([
    "2026-02-01T08",
    "2026-02-01T09",
    "2026-02-02T09",
    "2026-02-03T09",
  ])
  const short = (await api("GET", `/orders/${body.orders[2]}`, { token: supplier.token })).body
  expect(short).toMatchObject({ number: "SO-00002", status: "PENDING" })
  expect((await api("GET", `/products/${productId}`, { token: supplier.token })).body.stock_quantity).toBe(80)
  expect(
    (await auditOf(supplier.org.id)).filter(({ action, actor_id }) => action === "orders.order.accept" && actor_id === null),
  ).toHaveLength(1)
})

test("the past sent twice under one Idempotency-Key happened once", async () => {
  const { supplier, buyer, replay } = await past((id) => [
    { at: "2026-03-01T08:00:00Z", items: items(id, 30), moves: [{ status: "ACCEPTED", at: "2026-03-01T09:00:00Z" }] },
  ])
  const headers = { "idempotency-key": unique("past") }
  const first = await replay(headers)
  const second = await replay(headers)
  expect(second.body).toEqual(first.body)
  const orders = (await api("GET", "/orders/my-orders", { token: buyer.token })).body.data
  expect(orders).toHaveLength(1)
  expect((await api("GET", "/products", { token: supplier.token })).body.data[0].stock_quantity).toBe(70)
})
