import { beforeAll, describe, expect, test } from "vitest"
import type { OrganizationId, UserId } from "../../src/kernel/ids.ts"
import type { Permission } from "../../src/platform/auth/permissions.ts"
import { accessTokenOf } from "../support/app.ts"
import { connect, conversationOf, setLink } from "../support/chat.ts"
import { quiet } from "../support/ledger.ts"
import { furnished, linked, type Tenant } from "../support/tenants.ts"
import { type Answer, api, hire, newEmail } from "../support/world.ts"

/**
 * Permissions that decide within an operation what it shows or does, for somebody whom the operation itself lets in: with
 * the one and without it. test/node/architecture/rights-within.test.ts holds the list to be whole.
 */

quiet()

let a: Tenant
let b: Tenant
let link: string

beforeAll(async () => {
  a = await furnished("within", ["supplier", "buyer"])
  b = await furnished("beyond", ["supplier", "buyer"])
  link = await linked(a, b)
  await linked(b, a)
}, 120_000)

/** Somebody of A's with these permissions and no others. */
const holding = (...permissions: readonly Permission[]): Promise<string> =>
  accessTokenOf({
    userId: a.clerk.id as UserId,
    orgId: a.org.id as OrganizationId,
    orgSlug: a.org.slug,
    name: "Somebody",
    roles: [],
    customPermissions: permissions,
  })

const get = async (path: string, ...permissions: readonly Permission[]): Promise<Answer["body"]> => {
  const { status, body } = await api("GET", path, { token: await holding(...permissions) })
  expect([path, status]).toEqual([path, 200])
  return body
}

describe("products", () => {
  test("that are not active are listed for who may edit them alone, whatever is asked for", async () => {
    const product = { sku: "INACTIVE", name: "Not for sale", price: "1.00", is_active: false }
    const { body: made } = await api("POST", "/products", { token: a.token, body: product })
    for (const query of ["", "&is_active=false", "&is_active=true"]) {
      expect(JSON.stringify(await get(`/products?limit=100${query}`, "catalog.product.read"))).not.toContain(made.id)
    }
    const seen = await get("/products?limit=100&is_active=false", "catalog.product.read", "catalog.product.edit")
    expect(seen.data.map(({ id }: { id: string }) => id)).toEqual([made.id])
  })

  test("say how much of them there is to who may see stock alone, by every way to them", async () => {
    const ways = [`/products/${a.productId}`, "/products?limit=100", `/variants/${a.variantId}`, "/products/catalog?limit=100"]
    for (const path of ways) {
      const stock = (body: Answer["body"]): unknown[] =>
        (body.data ?? [body]).flatMap((product: object) => Object.keys(product).filter((name) => /stock_quantity|min_stock/.test(name)))
      expect(stock(await get(path, "catalog.product.read")), path).toEqual([])
      expect(stock(await get(path, "catalog.product.read", "inventory.stock.read")), path).not.toEqual([])
    }
    for (const [permissions, held] of [
      [["catalog.product.edit"], ""],
      [["catalog.product.edit", "inventory.stock.read"], "97"],
    ] as const) {
      const csv = String(await get("/products/export", ...permissions))
      const [header = "", ...rows] = csv.split("\r\n")
      const row = rows.find((line) => line.includes(a.productId))?.split(",") ?? []
      expect(row[header.split(",").indexOf("on_hand_at_export")]).toBe(held)
    }
  })
})

test("a blocked link is approved again by who may unblock alone, however much they decide", async () => {
  await setLink(a, link, "BLOCKED")
  const approve = async (...permissions: readonly Permission[]) =>
    api("PUT", `/links/${link}/status`, { token: await holding(...permissions), body: { status: "APPROVED" } })
  const { status, body } = await approve("partners.link.decide")
  expect([status, body.code]).toEqual([403, "FORBIDDEN"])
  expect((await approve("partners.link.unblock")).status).toBe(403)
  expect((await approve("partners.link.decide", "partners.link.unblock")).status).toBe(200)
})

test("messages are written by who may send alone: others hear, and say nothing", async () => {
  const say = async (...permissions: readonly Permission[]) => {
    const device = await connect(await holding(...permissions))
    device.say({ client_id: "c1", conversation_id: conversationOf(link), content: "Hello" })
    const answer = await device.ack("c1")
    device.hangUp()
    return answer
  }
  expect(await say("chat.message.read")).toMatchObject({ type: "error", code: "FORBIDDEN" })
  expect(await say("chat.message.read", "chat.message.send")).toMatchObject({ type: "ack" })
})

test("a user's address and activity are changed by who may each alone, and one's own address not even by oneself", async () => {
  const patch = async (body: object, ...permissions: readonly Permission[]) =>
    (await api("PATCH", `/users/${a.clerk.id}`, { token: await holding(...permissions), body })).status
  expect(await patch({ email: "elsewhere@example.test" })).toBe(403)
  expect(await patch({ is_active: false }, "identity.user.update")).toBe(403)
  const other = async (body: object, ...permissions: readonly Permission[]) =>
    (await api("PATCH", `/users/${a.owner.id}`, { token: await holding(...permissions), body })).status
  expect(await other({ full_name: "X" })).toBe(403)
  // Who may update still manages nobody who may do more.
  expect(await other({ full_name: "X" }, "identity.user.update")).toBe(403)

  const role = "reader_of_orders"
  const held = "orders.order.read"
  expect((await api("POST", "/roles", { token: a.token, body: { name: role, permissions: [held] } })).status).toBe(201)
  const reader = await hire(a.token, role)
  const readers = async (body: object, ...permissions: readonly Permission[]) =>
    (await api("PATCH", `/users/${reader.id}`, { token: await holding(held, ...permissions), body })).status
  const email = newEmail()
  expect(await readers({ email })).toBe(403)
  expect(await readers({ email }, "identity.user.disable")).toBe(403)
  expect(await readers({ email }, "identity.user.update")).toBe(200)
  for (const is_active of [false, true]) {
    expect(await readers({ is_active }, "identity.user.update")).toBe(403)
    expect(await readers({ is_active }, "identity.user.disable")).toBe(403)
    expect(await readers({ is_active }, "identity.user.update", "identity.user.disable")).toBe(200)
  }
})

test("an order is placed by who may on that side alone", async () => {
  const place = async (body: object, ...permissions: readonly Permission[]) =>
    (await api("POST", "/orders", { token: await holding(...permissions), body })).status
  const item = { product_id: a.productId, quantity: 1 }
  const asSupplier = { supplier_id: a.org.id, buyer_id: b.org.id, items: [item] }
  const asBuyer = { supplier_id: b.org.id, items: [item] }
  expect(await place(asSupplier, "orders.purchase.place")).toBe(403)
  expect(await place(asBuyer, "orders.sale.place")).toBe(403)
  expect(await place(asSupplier, "orders.sale.place")).toBe(201)
  const bought = { supplier_id: b.org.id, items: [{ product_id: b.productId, quantity: 1 }] }
  expect(await place(bought, "orders.purchase.place")).toBe(201)
})
