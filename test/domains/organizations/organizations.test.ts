import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { sendUnsentOrganizations } from "../../../src/domains/organizations/index.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import {
  api,
  auditOf,
  eventsOf,
  hire,
  newEmail,
  password,
  platformStaff,
  signIn,
  signUp,
  tokenMailedTo,
  unique,
} from "../../support/world.ts"

const ledgerVersionOf = (id: string) => env.DB.prepare("select version, ledger_version from organizations where id = ?").bind(id).first()

describe("read an organization", () => {
  test("one's own, by everybody in it; any for the platform; another's is not found", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const staff = await hire(a.token, "staff")
    const platform = await platformStaff()
    for (const token of [a.token, staff.token, platform.token]) {
      const { status, body } = await api("GET", `/organizations/${a.org.id}`, { token })
      expect([status, body.id]).toEqual([200, a.org.id])
    }
    expect((await api("GET", `/organizations/${a.org.id}`, { token: b.token })).status).toBe(404)
    expect((await api("GET", "/organizations/org_00000000000000000000000000", { token: platform.token })).status).toBe(404)
  })

  test("the list is the platform's, page by page, also by verification", async () => {
    const { org, token } = await signUp()
    await signUp()
    const platform = await platformStaff()
    expect((await api("GET", "/organizations", { token })).status).toBe(403)
    const first = await api("GET", "/organizations?limit=1", { token: platform.token })
    const second = await api("GET", `/organizations?limit=1&cursor=${first.body.next_cursor}`, { token: platform.token })
    expect(second.body.data[0].id > first.body.data[0].id).toBe(true)
    await api("POST", `/organizations/${org.id}/kyb`, { token })
    const pending = await api("GET", "/organizations?kyb_status=pending", { token: platform.token })
    expect(pending.body.data.map(({ id }: { id: string }) => id)).toContain(org.id)
    for (const { kyb_status } of pending.body.data) expect(kyb_status).toBe("PENDING")
  })
})

describe("the directory", () => {
  test("shows active suppliers by name, four fields of each, to anybody else", async () => {
    const word = unique("zz")
    const shop = await signUp(["buyer"], `${word} buyer`)
    const late = await signUp(["supplier"], `${word.toUpperCase()} Late`)
    const early = await signUp(["supplier", "buyer"], `${word} early`)
    const gone = await signUp(["supplier"], `${word} gone`)
    await api("DELETE", `/organizations/${gone.org.id}`, { token: gone.token })
    const list = (query: string, token = shop.token) => api("GET", `/organizations/directory?${query}`, { token })
    const all = await list(`q=${word}`)
    expect(all.body.data).toEqual([
      { id: early.org.id, name: early.org.name, capabilities: ["supplier", "buyer"], kyb_status: "UNVERIFIED" },
      { id: late.org.id, name: late.org.name, capabilities: ["supplier"], kyb_status: "UNVERIFIED" },
    ])
    const first = await list(`q=${word.toUpperCase()}&limit=1`)
    expect(first.body.data[0].id).toBe(early.org.id)
    const second = await list(`q=${word}&limit=1&cursor=${first.body.next_cursor}`)
    expect(second.body).toMatchObject({ data: [{ id: late.org.id }], next_cursor: null })
    expect((await list(`q=${word}`, early.token)).body.data.map(({ id }: { id: string }) => id)).toEqual([late.org.id])
    expect((await list("q=%25")).body.data).toEqual([])
  })
})

describe("update an organization", () => {
  test("INV-ORG-2: name, capabilities and settings, merged; with audit, event and the ledger's copy", async () => {
    const { org, token } = await signUp()
    const admin = await hire(token, "admin")
    const { status, headers, body } = await api("PATCH", `/organizations/${org.id}`, {
      token: admin.token,
      body: { name: "New Name", capabilities: ["supplier", "buyer"], settings: { currency: "EUR", time_zone: "Europe/Berlin" } },
    })
    expect(status).toBe(200)
    expect(headers.get("etag")).toBe('"2.2.o"')
    expect(body).toMatchObject({
      name: "New Name",
      capabilities: ["supplier", "buyer"],
      settings: { currency: "EUR", time_zone: "Europe/Berlin", share_stock: false, require_kyb_for_link_approval: false },
      version: 2,
    })
    expect(await auditOf(org.id)).toContainEqual(
      expect.objectContaining({ action: "organizations.organization.update", actor_id: admin.id }),
    )
    expect(await eventsOf(org.id)).toContain("organization.updated")
    expect(await ledgerVersionOf(org.id)).toEqual({ version: 2, ledger_version: 2 })
  })

  test.each([
    ["a currency that is none", { settings: { currency: "EURO" } }],
    ["a time zone that is none", { settings: { time_zone: "Mars/Olympus" } }],
    ["an unknown setting", { settings: { colour: "red" } }],
    ["the verification", { kyb_status: "VERIFIED" }],
    ["a reserved slug", { slug: "www" }],
  ])("%s is refused", async (_name, body) => {
    const { org, token } = await signUp()
    expect((await api("PATCH", `/organizations/${org.id}`, { token, body })).status).toBe(422)
  })

  test("INV-ORG-2: a new slug ends access tokens, a taken one is a conflict that names the field", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const taken = await api("PATCH", `/organizations/${a.org.id}`, { token: a.token, body: { slug: b.org.slug } })
    expect(taken.body).toMatchObject({ code: "CONFLICT", errors: [{ pointer: "/slug" }] })
    const slug = unique("fresh").toLowerCase()
    expect((await api("PATCH", `/organizations/${a.org.id}`, { token: a.token, body: { slug } })).body.slug).toBe(slug)
    expect((await api("GET", "/auth/me", { token: a.token })).body.code).toBe("TOKEN_EXPIRED")
    const next = await api("POST", "/auth/refresh", { body: { refresh_token: a.owner.refreshToken } })
    expect((await api("GET", "/auth/me", { token: next.body.access_token, headers: { "x-tenant-id": slug } })).status).toBe(200)
  })

  test("is refused by role, across organizations and when stale; of two at once one wins", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const manager = await hire(a.token, "manager")
    const path = `/organizations/${a.org.id}`
    expect((await api("PATCH", path, { token: manager.token, body: { name: "X" } })).status).toBe(403)
    expect((await api("PATCH", path, { token: b.token, body: { name: "X" } })).status).toBe(404)
    const edit = (name: string) => api("PATCH", path, { token: a.token, body: { name }, headers: { "if-match": '"1.1.o"' } })
    expect((await Promise.all([edit("One"), edit("Two")])).map(({ status }) => status).sort()).toEqual([200, 412])
  })
})

describe("deactivation", () => {
  test("INV-ORG-1: archives read-only, and only the platform brings it back", async () => {
    const { org, owner, token } = await signUp()
    const admin = await hire(token, "admin")
    const path = `/organizations/${org.id}`
    expect((await api("DELETE", path, { token: admin.token })).status).toBe(403)
    expect((await api("PATCH", path, { token, body: { status: "DEACTIVATED" } })).status).toBe(403)
    expect((await api("DELETE", path, { token })).status).toBe(204)
    const archived = await signIn(owner.email)
    expect((await api("GET", path, { token: archived.token })).body.status).toBe("DEACTIVATED")
    for (const [method, target, body] of [
      ["PATCH", path, { name: "X" }],
      ["POST", "/invitations", { email: newEmail(), roles: ["staff"] }],
      ["DELETE", path, undefined],
    ] as const) {
      expect((await api(method, target, { token: archived.token, body })).body.code).toBe("ORGANIZATION_DEACTIVATED")
    }
    const platform = await platformStaff()
    expect((await api("DELETE", path, { token: platform.token })).body).toMatchObject({
      code: "INVALID_TRANSITION",
      current: "DEACTIVATED",
      allowed: ["ACTIVE"],
    })
    expect((await api("PATCH", path, { token: platform.token, body: { status: "ACTIVE" } })).body.status).toBe("ACTIVE")
    const back = await signIn(owner.email)
    expect((await api("PATCH", path, { token: back.token, body: { name: "Back" } })).status).toBe(200)
    expect((await eventsOf(org.id)).filter((type) => type.startsWith("organization."))).toEqual([
      "organization.created",
      "organization.deactivated",
      "organization.reactivated",
      "organization.updated",
    ])
  })
})

describe("Know Your Business", () => {
  test("INV-ORG-4: submitted by the organization, decided by the platform, by the flow alone", async () => {
    const { org, token } = await signUp()
    const manager = await hire(token, "manager")
    const platform = await platformStaff()
    const path = `/organizations/${org.id}/kyb`
    const decide = (body: object, by = platform.token) => api("PUT", path, { token: by, body })
    expect((await decide({ status: "VERIFIED" })).body).toMatchObject({
      code: "INVALID_TRANSITION",
      current: "UNVERIFIED",
      allowed: ["PENDING"],
    })
    expect((await api("POST", path, { token: manager.token })).status).toBe(403)
    expect((await api("POST", path, { token, body: {} })).body.kyb_status).toBe("PENDING")
    expect((await api("POST", path, { token })).body.code).toBe("INVALID_TRANSITION")
    expect((await decide({ status: "VERIFIED" }, token)).status).toBe(403)
    const thin = await decide({ status: "REJECTED" })
    expect([thin.status, thin.body.errors?.[0]?.pointer]).toEqual([422, "/reason"])
    expect((await decide({ status: "REJECTED", reason: "Too old" })).body).toMatchObject({ kyb_status: "REJECTED", kyb_reason: "Too old" })
    expect((await api("POST", path, { token })).body).not.toHaveProperty("kyb_reason")
    expect((await decide({ status: "VERIFIED" })).body.kyb_status).toBe("VERIFIED")
    expect((await decide({ status: "VERIFIED" })).body.code).toBe("INVALID_TRANSITION")
    expect((await auditOf(org.id)).map(({ action }) => action).filter((action) => action.includes(".kyb."))).toEqual([
      "organizations.kyb.submit",
      "organizations.kyb.reject",
      "organizations.kyb.submit",
      "organizations.kyb.verify",
    ])
  })

  test("another organization's is not found", async () => {
    const [a, b] = [await signUp(), await signUp()]
    expect((await api("POST", `/organizations/${a.org.id}/kyb`, { token: b.token })).status).toBe(404)
  })
})

describe("the platform creates an organization", () => {
  test("and invites its owner, who joins it", async () => {
    const platform = await platformStaff()
    const email = newEmail()
    const made = await api("POST", "/organizations", {
      token: platform.token,
      body: { name: unique("Made"), capabilities: ["buyer"], owner_email: email },
    })
    expect(made.status).toBe(201)
    const joined = await api("POST", "/auth/register", { body: { invitation_token: await tokenMailedTo(email), password } })
    expect(joined.body).toMatchObject({ organization: { id: made.body.id }, user: { roles: ["owner"] } })
    expect((await auditOf(made.body.id))[0]).toMatchObject({ actor_id: platform.id })
  })

  test("and nobody else does", async () => {
    const { token } = await signUp()
    expect((await api("POST", "/organizations", { token, body: { name: "X", capabilities: ["buyer"] } })).status).toBe(403)
  })
})

test("INV-ORG-5: the sweep sends what a ledger has not acknowledged", async () => {
  const { org } = await signUp()
  expect(await ledgerVersionOf(org.id)).toEqual({ version: 1, ledger_version: 1 })
  await env.DB.prepare("update organizations set ledger_version = 0 where id = ?").bind(org.id).run()
  expect(await sendUnsentOrganizations(env, new Meter())).toBe(1)
  expect(await ledgerVersionOf(org.id)).toEqual({ version: 1, ledger_version: 1 })
  expect(await sendUnsentOrganizations(env, new Meter())).toBe(0)
})
