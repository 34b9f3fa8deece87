import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { tags } from "../../src/domains/tags.ts"
import { sha256Hex } from "../../src/kernel/digest.ts"
import { newId, type OrganizationId, platformOrganizationId, routingOf, type UserId } from "../../src/kernel/ids.ts"
import { apiKeyPrefix } from "../../src/platform/auth/authenticate.ts"
import { assignableBuiltInRoles } from "../../src/platform/auth/roles.ts"
import { type EndpointSpec, fullPath, isMutation, permissionsRequired } from "../../src/platform/http/endpoint.ts"
import worker from "../../src/worker.ts"
import { accessTokenOf } from "../support/app.ts"
import { quiet } from "../support/ledger.ts"
import { exampleBodies, pathOf } from "../support/requests.ts"
import { signUp, unique } from "../support/world.ts"
import { leastRoles } from "./least-roles.ts"
import snapshot from "./role-matrix.snap.json"

/**
 * The permission table is total: every operation with every built-in role, asked for real. Permission is checked before
 * any row is looked up, so ids that name nothing tell 'allowed' (404, 409, 422, a success) from 401 and 403.
 */

quiet()

type Ask = {
  readonly name: string
  readonly spec: EndpointSpec
  readonly params?: () => Record<string, string>
  readonly body?: () => unknown
}

const specs = new Map(endpoints.map(({ spec }) => [spec.operationId, spec]))
const examples = exampleBodies(endpoints, tags)
const specOf = (operationId: string): EndpointSpec => {
  const spec = specs.get(operationId)
  if (spec === undefined) throw new Error(`no operation ${operationId}`)
  return spec
}

let orgId: OrganizationId
let slug: string
const self = newId("usr", Date.now())

/** An id whose low bits are our own organization's: there we are the supplier. */
const ours = <P extends "ord" | "lnk">(prefix: P) => newId(prefix, Date.now(), routingOf(orgId))

const asked = (operationId: string, what: string, body: () => unknown, params?: () => Record<string, string>): Ask => ({
  name: `${operationId}: ${what}`,
  spec: specOf(operationId),
  body,
  ...(params === undefined ? {} : { params }),
})

/** Operations that decide by what is asked; every other is asked once, with the document's own example. */
const variants: readonly Ask[] = [
  asked(
    "getUser",
    "oneself",
    () => undefined,
    () => ({ id: self }),
  ),
  asked("getUser", "another", () => undefined),
  asked(
    "updateUser",
    "own name",
    () => ({ full_name: "New Name" }),
    () => ({ id: self }),
  ),
  asked("updateUser", "another's name", () => ({ full_name: "New Name" })),
  asked("updateUser", "another's address", () => ({ email: "new@example.test" })),
  asked("updateUser", "another's activity", () => ({ is_active: false })),
  ...["APPROVED", "REJECTED", "BLOCKED", "REMOVED"].map((status) =>
    asked(
      "setLinkStatus",
      `supplier, ${status}`,
      () => ({ status }),
      () => ({ id: ours("lnk") }),
    ),
  ),
  asked("setLinkStatus", "buyer, REMOVED", () => ({ status: "REMOVED" })),
  asked("placeOrder", "buyer", () => ({
    supplier_id: newId("org", Date.now()),
    items: [{ product_id: newId("prd", Date.now()), quantity: 1 }],
  })),
  asked("placeOrder", "supplier, for a linked buyer", () => ({
    supplier_id: orgId,
    buyer_id: newId("org", Date.now()),
    items: [{ product_id: newId("prd", Date.now()), quantity: 1 }],
  })),
  ...["ACCEPTED", "REJECTED", "IN_DELIVERY", "FAILED_DELIVERY", "COMPLETED", "CANCELLED"].map((status) =>
    asked(
      "setOrderStatus",
      `supplier, ${status}`,
      () => ({ status }),
      () => ({ id: ours("ord") }),
    ),
  ),
  ...["CANCELLED", "COMPLETED", "ACCEPTED"].map((status) => asked("setOrderStatus", `buyer, ${status}`, () => ({ status }))),
  asked("assignComplaint", "oneself", () => ({})),
  asked("assignComplaint", "another", () => ({ assignee_id: newId("usr", Date.now()) })),
]

/** Where the example itself would be refused with 403 for what it grants, or would make something each time. */
const bodies: Readonly<Record<string, unknown>> = {
  createUser: { email: "nobody@example.test", full_name: "Nobody", roles: ["no_such_role"] },
  invite: { email: "nobody@example.test", roles: ["no_such_role"] },
  assignRoles: { roles: ["no_such_role"] },
  createApiKey: { name: "Key", permissions: ["orders.order.read"], expires_at: "2020-01-01T00:00:00Z" },
  defineRole: { name: "role_of_nobody", permissions: ["no.such.permission"] },
  changeRole: { description: "Nobody's" },
  createProduct: { sku: "X", name: "X", price: "not money" },
  createOrganization: { name: "X", capabilities: [] },
  devFoundOrganizations: { password: "correct horse battery", organizations: [] },
  devMakeSuperAdmin: {},
  devReplayPast: {},
  register: {},
  signIn: {},
  forgotPassword: {},
}

const asks: readonly Ask[] = [
  ...[...specs.values()]
    .filter(({ operationId }) => !variants.some(({ spec }) => spec.operationId === operationId))
    .map((spec) => ({
      name: spec.operationId,
      spec,
      body: () => (Object.hasOwn(bodies, spec.operationId) ? bodies[spec.operationId] : examples.get(spec.operationId)),
    })),
  ...variants,
]

type Caller = { readonly name: string; readonly headers: () => Promise<Record<string, string>> }

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

const tokenOf = (roles: readonly string[], at: OrganizationId, isReadOnly = false): Promise<string> =>
  accessTokenOf({ userId: self as UserId, orgId: at, orgSlug: slug, name: "Somebody", roles, isReadOnly })

const keyWithoutPermissions = `${apiKeyPrefix}${"k".repeat(43)}`

const organizationRoles: readonly Caller[] = assignableBuiltInRoles.map((role) => ({
  name: role,
  headers: async () => bearer(await tokenOf([role], orgId)),
}))

const callers: readonly Caller[] = [
  { name: "anonymous", headers: async () => ({}) },
  { name: "no role at all", headers: async () => bearer(await tokenOf([], orgId)) },
  { name: "an unknown role", headers: async () => bearer(await tokenOf(["emperor"], orgId)) },
  { name: "super_admin of a customer", headers: async () => bearer(await tokenOf(["super_admin"], orgId)) },
  { name: "API key without permissions", headers: async () => bearer(keyWithoutPermissions) },
  ...organizationRoles,
  { name: "super_admin", headers: async () => bearer(await tokenOf(["super_admin"], platformOrganizationId)) },
  {
    name: "super_admin in an organization",
    headers: async () => ({ ...bearer(await tokenOf(["super_admin"], platformOrganizationId)), "x-tenant-id": orgId }),
  },
  { name: "owner of a deactivated organization", headers: async () => bearer(await tokenOf(["owner"], orgId, true)) },
]

beforeAll(async () => {
  const world = await signUp(["supplier", "buyer"], unique("matrix"))
  orgId = world.org.id as OrganizationId
  slug = world.org.slug
  await env.DB.prepare(
    "insert into api_keys (org_id, id, name, hint, secret_hash, permissions, created_at) values (?, ?, 'Bare', 'kkkk', ?, '[]', ?)",
  )
    .bind(orgId, newId("key", Date.now()), await sha256Hex(keyWithoutPermissions), Date.now())
    .run()
})

let addresses = 0
type Verdict = "allowed" | `401 ${string}` | `403 ${string}`

async function verdictOn({ spec, params, body }: Ask, caller: Caller): Promise<Verdict> {
  const sent = body?.()
  addresses += 1
  const response = await worker.fetch(
    new Request(`http://api.waybill.test${pathOf(spec, params?.()).slice(1)}`, {
      method: spec.method.toUpperCase(),
      headers: {
        ...(await caller.headers()),
        ...(sent === undefined ? {} : { "content-type": "application/json" }),
        // Sign-in counts by address: each call comes from its own.
        "cf-connecting-ip": `2001:db8::${addresses.toString(16)}`,
      },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    }),
    env,
    createExecutionContext(),
  )
  const text = await response.text()
  if (response.status >= 500) throw new Error(`${spec.operationId} as ${caller.name}: ${response.status} ${text}`)
  if (response.status !== 401 && response.status !== 403) return "allowed"
  const { code } = JSON.parse(text) as { code: string }
  // Those two are said of the other side, to somebody who may ask.
  return code === "LINK_NOT_APPROVED" || code === "CAPABILITY_MISSING" ? "allowed" : `${response.status} ${code}`
}

const matrix: Record<string, Record<string, Verdict>> = {}

describe("every operation, asked by everybody", () => {
  test.each(asks.map((ask) => [ask.name, ask] as const))("%s", async (name, ask) => {
    const row: Record<string, Verdict> = {}
    for (const caller of callers) row[caller.name] = await verdictOn(ask, caller)
    matrix[name] = row
    const isPublic = ask.spec.access === "public"

    // Nobody without a name gets further than the door, and a wrong credential is no better than none.
    // A public route may itself refuse what it was given (a wrong password, a made-up token), the same to everybody.
    if (isPublic) {
      expect(new Set(Object.values(row)).size).toBe(1)
      return
    }
    expect(row["anonymous"]).toBe("401 UNAUTHENTICATED")
    for (const [caller, verdict] of Object.entries(row)) if (caller !== "anonymous") expect(verdict, caller).not.toMatch(/^401/)

    // Roles that are nobody's give nothing beyond being signed in.
    const toAll = ask.spec.access === "signed-in" && leastRoles[name]?.roles.length === assignableBuiltInRoles.length
    for (const caller of ["no role at all", "an unknown role", "super_admin of a customer"])
      expect(row[caller], caller).toBe(toAll ? "allowed" : "403 FORBIDDEN")
    expect(row["API key without permissions"]).toBe("403 FORBIDDEN")

    const deactivated = row["owner of a deactivated organization"]
    if (!isMutation(ask.spec) || ask.spec.allowedWhenDeactivated === true) expect(deactivated).toBe(row["owner"])
    else if (row["owner"] === "allowed") expect(deactivated).toBe("403 ORGANIZATION_DEACTIVATED")
    else expect(deactivated).toMatch(/^403/)
  })
})

test("INV-HTTP-1: who may not is told so before path, query and body are read", async () => {
  const authorization = `Bearer ${await tokenOf([], orgId)}`
  for (const spec of [...specs.values()].filter(({ access }) => permissionsRequired(access).length > 0)) {
    const path = fullPath(spec).replace(/\{\w+\}/g, "no%20such%20thing")
    const response = await worker.fetch(
      new Request(`http://api.waybill.test${path}?nonsense=1&nonsense=2`, {
        method: spec.method.toUpperCase(),
        headers: { authorization, "content-type": "application/json" },
        ...(isMutation(spec) ? { body: "{" } : {}),
      }),
      env,
      createExecutionContext(),
    )
    const { code } = (await response.json()) as { code: string }
    expect([spec.operationId, response.status, code]).toEqual([spec.operationId, 403, "FORBIDDEN"])
  }
})

/** In words that a reviewer reads at a glance. */
function whoMay(row: Readonly<Record<string, Verdict>>): string {
  const allowed = callers.map(({ name }) => name).filter((name) => row[name] === "allowed")
  if (allowed.length === callers.length) return "everybody"
  const hasEveryRole = assignableBuiltInRoles.every((role) => allowed.includes(role))
  const rest = hasEveryRole ? allowed.filter((name) => !(assignableBuiltInRoles as readonly string[]).includes(name)) : allowed
  return [...(hasEveryRole ? ["every role"] : []), ...rest].join(", ")
}

describe("the matrix", () => {
  test("is what the contract's `who` column says", () => {
    const guarded = asks.filter(({ spec }) => spec.access !== "public").map(({ name }) => name)
    expect(Object.keys(leastRoles).sort(), "least-roles.ts names every guarded operation").toEqual(guarded.sort())
    const found = Object.fromEntries(
      guarded.map((name) => [
        name,
        {
          roles: assignableBuiltInRoles.filter((role) => matrix[name]?.[role] === "allowed"),
          isPlatforms: matrix[name]?.["super_admin"] === "allowed",
        },
      ]),
    )
    const wanted = Object.fromEntries(
      Object.entries(leastRoles).map(([name, { roles, isPlatforms = false }]) => [
        name,
        { roles: assignableBuiltInRoles.filter((role) => (roles as readonly string[]).includes(role)), isPlatforms },
      ]),
    )
    expect(found).toEqual(wanted)
  })

  test("lets a super_admin who steps into an organization do what its owner may", () => {
    const held = Object.entries(matrix).filter(
      ([, row]) => row["owner"] === "allowed" && row["super_admin in an organization"] !== "allowed",
    )
    expect(held.map(([name]) => name)).toEqual([])
  })

  /**
   * Committed so that every change of who may do what is seen in review. `test/security/role-matrix.snap.json` is
   * what this prints when it differs.
   */
  test("is the committed one", () => {
    const allowed = Object.fromEntries(
      Object.entries(matrix)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, row]) => [name, whoMay(row)]),
    )
    if (JSON.stringify(allowed) !== JSON.stringify(snapshot))
      throw new Error(`role-matrix.snap.json should read:\n${JSON.stringify(allowed, null, 2)}`)
  })
})
