import type { z } from "@hono/zod-openapi"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { isPlatformPermission } from "../../src/platform/auth/permissions.ts"
import { type EndpointSpec, fullPath, permissionsRequired } from "../../src/platform/http/endpoint.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import { quiet } from "../support/ledger.ts"
import { complained, furnished, linked, ordered, type Tenant } from "../support/tenants.ts"
import { type Answer, api, hire, newEmail, platformStaff, signIn } from "../support/world.ts"

/** Every list of the registry, read on from every other list's cursor. */

quiet()

const lists = endpoints.map(({ spec }) => spec).filter(({ isList }) => isList === true)

/** Lists that have one row here at most, or none, and so lend no cursor; each is asked with everybody else's. */
const short: readonly string[] = [
  "listBundlesOfComponent",
  "listDeadLetters",
  "listDirectory",
  "listExpiringStock",
  "listHistory",
  "listLowStock",
  "listMessages",
  "listNotifications",
  "listProductLevels",
  "listWebhookDeliveries",
]

let a: Tenant
let staffToken: string
let real: readonly string[]
const cursors = new Map<string, string>()

const pathOf = (spec: EndpointSpec): string => {
  const schemas = fieldsOf(spec.params)
  const path = fullPath(spec).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = real.find((id) => (schemas[name] as z.ZodType).safeParse(id).success)
    if (value === undefined) throw new Error(`nothing for ${name} of ${spec.operationId}`)
    return value
  })
  return `./${path.slice(1)}`
}

function list(spec: EndpointSpec, query: Readonly<Record<string, string>>): Promise<Answer> {
  const required = permissionsRequired(spec.access)
  const token = required.length > 0 && required.every(isPlatformPermission) ? staffToken : a.token
  return api("GET", `${pathOf(spec)}?${new URLSearchParams(query).toString()}`, { token })
}

async function two(path: string, bodies: readonly object[]): Promise<void> {
  for (const body of bodies) {
    const { status, body: said } = await api("POST", path, { token: a.token, body })
    if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(said)}`)
  }
}

beforeAll(async () => {
  a = await furnished("pager", ["supplier", "buyer"])
  const b = await furnished("partner", ["supplier", "buyer"])
  staffToken = (await platformStaff()).token
  await hire(a.token, "staff")
  await signIn(a.owner.email)
  const link = await linked(a, b)
  await linked(b, a)
  const order = await ordered(a, b, "one")
  await complained(b, order, "soft")
  await complained(a, await ordered(a, b, "two"), "hard")
  await two("/invitations", [{ email: newEmail(), roles: ["staff"] }])
  await two("/api-keys", [{ name: "k", permissions: ["orders.order.read"] }])
  await two("/webhooks", [{ url: "http://hooks.invalid/x", event_types: ["*"] }])
  await two("/chat/canned-replies", [{ title: "t", content: "c" }])
  await two("/families", [{ code: 1, name: "f" }])
  await two("/identities", [{ family_id: a.familyId, type: "PART", lci: 1 }])
  await two("/variants", [{ identity_id: a.identityId, color: "RD", price: "9.99" }])
  await two("/bundles", [
    { parent_id: a.productId, child_id: a.otherProductId, quantity: 2 },
    { parent_id: a.variantId, child_id: a.productId, quantity: 2 },
  ])
  await two("/inventory/items", [{ product_id: a.otherProductId, serial: "another" }])
  real = [a.variantId, a.productId, b.owner.id, `cnv_${link.slice(4)}`, a.webhookId]
  // Links make conversations, of which D1 hears a little later.
  await vi.waitFor(async () => expect((await api("GET", "/chat/conversations", { token: a.token })).body.data).toHaveLength(2), 30_000)
  for (const spec of lists) {
    const { status, body } = await list(spec, { limit: "1" })
    if (status !== 200) throw new Error(`${spec.operationId}: ${status} ${JSON.stringify(body)}`)
    if (typeof body.next_cursor === "string") cursors.set(spec.operationId, body.next_cursor)
  }
}, 120_000)

test("every list has a cursor to lend, but for those that are short", () => {
  const without = lists.map(({ operationId }) => operationId).filter((id) => !cursors.has(id))
  expect(without.sort()).toEqual([...short].sort())
  expect(cursors.size).toBeGreaterThan(20)
})

describe("a cursor of another list is refused by", () => {
  test.each(lists.map((spec) => [spec.operationId, spec] as const))("%s", async (operationId, spec) => {
    const own = cursors.get(operationId)
    const taken: string[] = []
    for (const [lender, cursor] of cursors) {
      if (cursor === own) continue
      const { status, body } = await list(spec, { cursor })
      if (status !== 422 || body.code !== "VALIDATION_FAILED") taken.push(`${lender}: ${status}`)
    }
    expect(taken).toEqual([])
    if (own !== undefined) expect((await list(spec, { cursor: own })).status).toBe(200)
  })
})
