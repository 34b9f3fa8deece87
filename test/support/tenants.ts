import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { stubOf } from "../../durable-objects/supplier-ledger/client.ts"
import { newId, type OrganizationId, routingOf } from "../../src/kernel/ids.ts"
import { pdf, png, send, uploaded } from "./files.ts"
import { imported } from "./imports.ts"
import { handOut } from "./webhooks.ts"
import { api, hire, must, newEmail, type Person, signUp, type World } from "./world.ts"

/** An organization with a row of everything that there is to have, and words in them that nobody else uses. */
export type Tenant = World & {
  readonly clerk: Person
  readonly roleId: string
  readonly roleName: string
  readonly invitationId: string
  readonly invitedEmail: string
  readonly apiKeyId: string
  readonly apiKey: string
  readonly sessionId: string
  readonly webhookId: string
  readonly deliveryId: string
  readonly productId: string
  readonly otherProductId: string
  readonly sku: string
  /** Its second, after the one that it began with. */
  readonly warehouseId: string
  /** A receipt of the second product, in this lot at this place. */
  readonly movementId: string
  readonly lotNumber: string
  readonly locationId: string
  readonly auditId: string
  readonly eventId: string
  /** Of the owner. */
  readonly notificationId: string
  /** A document that belongs to nothing yet. */
  readonly fileId: string
  /** An import that is over. */
  readonly jobId: string
  /** The image of the first product. */
  readonly imageId: string
  readonly cannedReplyId: string
  readonly familyId: string
  readonly identityId: string
  readonly upisH: string
  readonly variantId: string
  readonly variantSku: string
  /** The second product, in the variant. */
  readonly componentId: string
  /** A piece of the second product, and where it is. */
  readonly unitId: string
  readonly unitSerial: string
}

/** A family's code that is the word's own. */
const codeOf = (word: string): number => Array.from(word).reduce((code, letter) => (code * 31 + letter.charCodeAt(0)) % 100_000, 7)

/** `word` stands in every name, so that it betrays where it came from. */
export async function furnished(word: string, capabilities: readonly string[]): Promise<Tenant> {
  const world = await signUp(capabilities, `${word} trading`)
  const { token } = world
  const roleName = `${word}_counters`
  const invitedEmail = `${word}-${newEmail()}`
  const sku = `${word}-sku`.toUpperCase()
  const clerk = await hire(token, "manager")
  await must(200, api("PATCH", `/users/${clerk.id}`, { token, body: { full_name: `Clerk of ${word}` } }))
  const role = await must(
    201,
    api("POST", "/roles", { token, body: { name: roleName, description: `What ${word} counts`, permissions: ["orders.order.read"] } }),
  )
  const invitation = await must(201, api("POST", "/invitations", { token, body: { email: invitedEmail, roles: [roleName] } }))
  const key = await must(
    201,
    api("POST", "/api-keys", {
      token,
      body: { name: `${word} scanner`, permissions: ["catalog.product.read", "orders.order.read", "partners.link.read"] },
    }),
  )
  const hook = await must(
    201,
    api("POST", "/webhooks", { token, body: { url: `http://hooks.invalid/${word}`, event_types: ["api_key.created"] } }),
  )
  await handOut(world.org.id)
  const deliveries = await must(200, api("GET", `/webhooks/${hook["id"]}/deliveries`, { token }))
  const product = (name: string, code: string) =>
    must(
      201,
      api("POST", "/products", {
        token,
        body: {
          sku: code,
          name: `${word} ${name}`,
          description: `Grown by ${word}`,
          category: `${word} greens`,
          price: "5.99",
          stock_quantity: 97,
          min_stock_level: 13,
        },
      }),
    )
  const [first, second] = [await product("tomatoes", sku), await product("peppers", `${sku}-2`)]
  const jobId = (await imported(token, "products", "sku,name,price\n")).id
  const lotNumber = `${word}-lot`
  const receipt = await must(
    201,
    api("POST", "/stock-movements", {
      token,
      body: { type: "IN", product_id: second["id"], quantity: 2, lot_number: lotNumber, reference: `${word} delivery note` },
    }),
  )
  const fileId = (await uploaded(token, "kyb_document", pdf(), `${word} register.pdf`)).id
  const shown = await send("POST", `/products/${first["id"]}/images?name=${word}.png`, { token, body: await png() })
  const cannedReply = await must(
    201,
    api("POST", "/chat/canned-replies", {
      token,
      body: { title: `${word} is on its way`, content: `Dear {{name}}, ${word} is on its way` },
    }),
  )
  const family = await must(201, api("POST", "/families", { token, body: { code: codeOf(word), name: `${word} greens` } }))
  const identity = await must(201, api("POST", "/identities", { token, body: { family_id: family["id"], type: "KIT" } }))
  const variant = await must(201, api("POST", "/variants", { token, body: { identity_id: identity["id"], color: "GN", price: "9.99" } }))
  const component = await must(
    201,
    api("POST", "/bundles", { token, body: { parent_id: variant["id"], child_id: second["id"], quantity: 2 } }),
  )
  const unitSerial = `${word}-serial`
  const unit = await must(201, api("POST", "/inventory/items", { token, body: { product_id: second["id"], serial: unitSerial } }))
  const warehouse = await must(
    201,
    api("POST", "/warehouses", { token, body: { code: `${word}-2`, name: `Depot of ${word}`, kind: "CFA_DEPOT" } }),
  )
  const sessions = await must(200, api("GET", "/auth/sessions", { token }))
  const log = await must(200, api("GET", "/audit-logs", { token }))
  const happened = await must(200, api("GET", "/events", { token }))
  const notificationId = newId("ntf", Date.now())
  await env.DB.prepare(
    "insert into notifications (org_id, user_id, id, type, title, body, created_at, expires_at) values (?, ?, ?, 'order.placed', ?, '', 1, ?)",
  )
    .bind(world.org.id, world.owner.id, notificationId, `${word} was told`, 8_640_000_000_000_000)
    .run()
  return {
    ...world,
    clerk,
    roleId: String(role["id"]),
    roleName,
    invitationId: String(invitation["id"]),
    invitedEmail,
    apiKeyId: String(key["id"]),
    apiKey: String(key["secret"]),
    sessionId: sessions.data[0]?.id ?? "",
    webhookId: String(hook["id"]),
    deliveryId: deliveries.data[0]?.id ?? "",
    productId: String(first["id"]),
    otherProductId: String(second["id"]),
    sku,
    warehouseId: String(warehouse["id"]),
    movementId: String(receipt["id"]),
    lotNumber,
    locationId: String(receipt["warehouse_id"]),
    auditId: log.data[0]?.id ?? "",
    eventId: happened.data[0]?.id ?? "",
    notificationId,
    fileId,
    jobId,
    imageId: String(shown.body.images[0].file_id),
    cannedReplyId: String(cannedReply["id"]),
    familyId: String(family["id"]),
    identityId: String(identity["id"]),
    upisH: String(identity["upis_h"]),
    variantId: String(variant["id"]),
    variantSku: String(variant["sku"]),
    componentId: String(component["id"]),
    unitId: String(unit["id"]),
    unitSerial,
  }
}

export type Order = { readonly id: string; readonly lineId: string }

/** The buyer's approved link with the supplier. */
export async function linked(supplier: World, buyer: World, message = "Daily, please"): Promise<string> {
  const link = await must(201, api("POST", "/links/request", { token: buyer.token, body: { supplier_id: supplier.org.id, message } }))
  await must(200, api("PUT", `/links/${link["id"]}/status`, { token: supplier.token, body: { status: "APPROVED" } }))
  return String(link["id"])
}

export async function ordered(supplier: Tenant, buyer: World, note: string, quantity = 3): Promise<Order> {
  const body = { supplier_id: supplier.org.id, items: [{ product_id: supplier.productId, quantity }], note }
  const order = await must(201, api("POST", "/orders", { token: buyer.token, body }))
  return { id: order.id, lineId: order.items[0]?.id ?? "" }
}

/** What the buyer, or the supplier, complains of about an order. */
export async function complained(by: World, order: Order, description: string): Promise<string> {
  const body = { order_id: order.id, order_line_id: order.lineId, title: "Not as agreed", description }
  return (await must(201, api("POST", "/complaints", { token: by.token, body })))["id"] ?? ""
}

/** Tables of D1, the full-text index's own aside. */
export async function tablesOfD1(): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '%_fts%' and name not like '_cf_%' and name not like 'd1_%' order by name",
  ).all<{ name: string }>()
  return results.map(({ name }) => name)
}

/** All that D1 holds, by table, as text to compare. */
export async function wholeOfD1(tables: readonly string[]): Promise<Record<string, string>> {
  const answers = await env.DB.batch<Record<string, unknown>>(tables.map((table) => env.DB.prepare(`select * from "${table}"`)))
  return Object.fromEntries(
    tables.map((table, index) => [table, (answers[index]?.results ?? []).map((row) => JSON.stringify(row)).join("\n")]),
  )
}

/** All that an organization's ledger holds, as text to compare. */
export async function wholeLedgerOf(orgId: string): Promise<Record<string, string>> {
  const stub = stubOf(env, routingOf(orgId as OrganizationId))
  return runInDurableObject(stub, (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name")
      .toArray()
    return Object.fromEntries(
      tables.map(({ name }) => [
        name,
        storage.sql
          .exec(`SELECT * FROM "${name}"`)
          .toArray()
          .map((row) => JSON.stringify(row))
          .join("\n"),
      ]),
    )
  })
}
