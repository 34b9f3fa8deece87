import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { api, auditOf, hire, newEmail, signUp, tokenMailedTo, unique } from "../../support/world.ts"

const roleName = () => unique("role").replaceAll("-", "_").toLowerCase()
const permissions = ["identity.user.read", "orders.order.read"]

async function defineRole(token: string, granted: readonly string[] = permissions) {
  const { status, body } = await api("POST", "/roles", {
    token,
    body: { name: roleName(), description: "For a test", permissions: granted },
  })
  expect(status).toBe(201)
  return body
}

describe("custom roles", () => {
  test("are defined, listed beside the built-in ones, assigned, and say what one may", async () => {
    const { token } = await signUp()
    const role = await defineRole(token)
    const listed = await api("GET", "/roles", { token })
    expect(listed.body.data).toContainEqual(role)
    expect(listed.body.data.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(["owner", "buyer", "national_manager"]),
    )
    expect(listed.body.data.map(({ name }: { name: string }) => name)).not.toContain("super_admin")
    const person = await hire(token, role.name)
    expect((await api("GET", "/users", { token: person.token })).status).toBe(200)
    expect((await api("GET", "/auth/me", { token: person.token })).body.permissions).toEqual([...permissions].sort())
  })

  test("are listed page by page in one order", async () => {
    const { token } = await signUp()
    const made = [await defineRole(token), await defineRole(token)]
    const names: string[] = []
    let cursor = ""
    for (;;) {
      const { body } = await api("GET", `/roles?limit=3${cursor}`, { token })
      names.push(...body.data.map(({ name }: { name: string }) => name))
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    expect(names).toEqual([...names].sort())
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(made.map(({ name }) => name)))
  })

  test("INV-ID-4: cannot grant what their maker lacks, nor the platform's permissions", async () => {
    const { token } = await signUp()
    const admin = await hire(token, "admin")
    const define = (granted: readonly string[]) =>
      api("POST", "/roles", { token: admin.token, body: { name: roleName(), permissions: granted } })
    expect((await define(["organizations.organization.deactivate"])).body.code).toBe("FORBIDDEN")
    expect((await define(["platform.kyb.decide"])).status).toBe(422)
    expect((await define(["no.such.permission"])).status).toBe(422)
    const stronger = await defineRole(token, ["organizations.organization.deactivate"])
    expect((await api("PATCH", `/roles/${stronger.id}`, { token: admin.token, body: { permissions } })).status).toBe(403)
    expect((await api("DELETE", `/roles/${stronger.id}`, { token: admin.token })).status).toBe(403)
    expect(
      (await api("POST", "/users", { token: admin.token, body: { email: newEmail(), full_name: "X", roles: [stronger.name] } })).status,
    ).toBe(403)
  })

  test("names are unique and never built-in", async () => {
    const { token } = await signUp()
    const { name } = await defineRole(token)
    for (const taken of [name, "owner"]) {
      const { status, body } = await api("POST", "/roles", { token, body: { name: taken, permissions } })
      expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([409, "CONFLICT", "/name"])
    }
    expect((await defineRole((await signUp()).token)).version).toBe(1)
  })

  test("a change reaches its holders: old tokens are refused, a refresh brings the new permissions", async () => {
    const { token } = await signUp()
    const role = await defineRole(token)
    const person = await hire(token, role.name)
    const changed = await api("PATCH", `/roles/${role.id}`, { token, body: { permissions: ["orders.order.read"] } })
    expect(changed.body).toMatchObject({ version: 2, permissions: ["orders.order.read"] })
    expect((await api("GET", "/users", { token: person.token })).body.code).toBe("TOKEN_EXPIRED")
    const next = await api("POST", "/auth/refresh", { body: { refresh_token: person.refreshToken } })
    expect((await api("GET", "/users", { token: next.body.access_token })).status).toBe(403)
    expect(
      (await api("PATCH", `/roles/${role.id}`, { token, body: { description: "x" }, headers: { "if-match": '"1.1.o"' } })).status,
    ).toBe(412)
  })

  test("INV-ID-6: one that a user or an invitation names is not deleted", async () => {
    const { token } = await signUp()
    const role = await defineRole(token)
    const person = await hire(token, role.name)
    const remove = () => api("DELETE", `/roles/${role.id}`, { token })
    expect((await remove()).body.code).toBe("ROLE_IN_USE")
    await api("POST", `/users/${person.id}/roles`, { token, body: { roles: ["staff"] } })
    const invited = await api("POST", "/invitations", { token, body: { email: newEmail(), roles: [role.name] } })
    expect((await remove()).body.code).toBe("ROLE_IN_USE")
    await api("DELETE", `/invitations/${invited.body.id}`, { token })
    expect((await remove()).status).toBe(204)
    expect((await remove()).status).toBe(404)
  })

  test("are refused to others by role, and not found across organizations", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const manager = await hire(a.token, "manager")
    expect((await api("GET", "/roles", { token: manager.token })).status).toBe(403)
    expect((await api("POST", "/roles", { token: manager.token, body: { name: roleName(), permissions } })).status).toBe(403)
    const role = await defineRole(a.token)
    expect((await api("PATCH", `/roles/${role.id}`, { token: b.token, body: { permissions } })).status).toBe(404)
    expect((await api("DELETE", `/roles/${role.id}`, { token: b.token })).status).toBe(404)
    expect((await api("POST", "/users", { token: b.token, body: { email: newEmail(), full_name: "X", roles: [role.name] } })).status).toBe(
      422,
    )
  })
})

describe("invitations", () => {
  test("go out once an address, are listed and withdrawn", async () => {
    const { org, token } = await signUp()
    const email = newEmail()
    const made = await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
    expect(made.status).toBe(201)
    expect(JSON.stringify(made.body)).not.toContain(await tokenMailedTo(email))
    const again = await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
    expect(again.body).toMatchObject({ code: "CONFLICT", errors: [{ pointer: "/email" }] })
    expect((await api("GET", "/invitations", { token })).body.data).toEqual([made.body])
    expect((await api("DELETE", `/invitations/${made.body.id}`, { token })).status).toBe(204)
    expect((await api("DELETE", `/invitations/${made.body.id}`, { token })).status).toBe(404)
    expect((await auditOf(org.id)).map(({ action }) => action)).toEqual(
      expect.arrayContaining(["identity.invitation.create", "identity.invitation.withdraw"]),
    )
  })

  test("an expired one makes way for another", async () => {
    const { token } = await signUp()
    const email = newEmail()
    const first = await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
    await env.DB.prepare("update invitations set expires_at = 1 where id = ?").bind(first.body.id).run()
    expect((await api("GET", "/invitations", { token })).body.data).toEqual([])
    expect((await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })).status).toBe(201)
  })

  test("are refused by role, for a taken address, for roles beyond the inviter's, and across organizations", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const admin = await hire(a.token, "admin")
    const manager = await hire(a.token, "manager")
    const body = { email: newEmail(), roles: ["staff"] }
    expect((await api("POST", "/invitations", { token: manager.token, body })).status).toBe(403)
    expect((await api("POST", "/invitations", { token: admin.token, body: { ...body, roles: ["owner"] } })).status).toBe(403)
    expect((await api("POST", "/invitations", { token: a.token, body: { ...body, email: b.owner.email } })).body.code).toBe("EMAIL_TAKEN")
    const made = await api("POST", "/invitations", { token: a.token, body })
    expect((await api("DELETE", `/invitations/${made.body.id}`, { token: b.token })).status).toBe(404)
  })

  test("withdrawing one disables the user made ahead for it", async () => {
    const { token } = await signUp()
    const user = await api("POST", "/users", { token, body: { email: newEmail(), full_name: "Ahead", roles: ["staff"] } })
    const [open] = (await api("GET", "/invitations", { token })).body.data
    expect(open.user_id).toBe(user.body.id)
    await api("DELETE", `/invitations/${open.id}`, { token })
    expect((await api("GET", `/users/${user.body.id}`, { token })).body.is_active).toBe(false)
  })
})

describe("API keys", () => {
  const create = (token: string, granted: readonly string[] = ["identity.user.read"], extra: object = {}) =>
    api("POST", "/api-keys", { token, body: { name: "Scanner", permissions: granted, ...extra } })

  test("the secret is shown once, stands as a hash, and acts with the key's permissions", async () => {
    const { org, token } = await signUp()
    const made = await create(token)
    expect(made.status).toBe(201)
    const { secret, ...rest } = made.body
    expect(secret).toMatch(/^wbk_[\w-]{43}$/)
    expect(rest.hint).toBe(secret.slice(-4))
    expect((await api("GET", "/api-keys", { token })).body.data).toEqual([rest])
    expect((await api("GET", "/users", { token: secret })).status).toBe(200)
    expect((await api("GET", "/roles", { token: secret })).status).toBe(403)
    const stored = JSON.stringify((await env.DB.prepare("select * from api_keys where org_id = ?").bind(org.id).all()).results)
    expect(stored).not.toContain(secret)
    expect(JSON.stringify(await auditOf(org.id))).not.toContain(secret)
  })

  test("a revoked one is refused at once, also while remembered", async () => {
    const { token } = await signUp()
    const { body } = await create(token)
    expect((await api("GET", "/users", { token: body.secret })).status).toBe(200)
    expect((await api("DELETE", `/api-keys/${body.id}`, { token })).status).toBe(204)
    expect((await api("GET", "/users", { token: body.secret })).status).toBe(401)
    expect((await api("DELETE", `/api-keys/${body.id}`, { token })).status).toBe(404)
  })

  test("INV-ID-4: permissions are the maker's own at most, also where a key makes a key", async () => {
    const { token } = await signUp()
    const admin = await hire(token, "admin")
    expect((await create(admin.token, ["organizations.organization.deactivate"])).status).toBe(403)
    expect((await create(token, ["platform.kyb.decide"])).status).toBe(422)
    const maker = await create(token, ["identity.api-key.manage"])
    expect((await create(maker.body.secret, ["identity.user.create"])).status).toBe(403)
    expect((await create(maker.body.secret, ["identity.api-key.manage"])).status).toBe(201)
  })

  test("one expires when it says", async () => {
    const { token } = await signUp()
    expect((await create(token, ["identity.user.read"], { expires_at: "2020-01-01T00:00:00Z" })).status).toBe(422)
    const { body } = await create(token, ["identity.user.read"], { expires_at: new Date(Date.now() + 60_000).toISOString() })
    await env.DB.prepare("update api_keys set expires_at = 1 where id = ?").bind(body.id).run()
    expect((await api("GET", "/users", { token: body.secret })).body.code).toBe("TOKEN_EXPIRED")
  })

  test("a repeated request shows no secret again", async () => {
    const { token } = await signUp()
    const request = { token, body: { name: "Once", permissions: ["identity.user.read"] }, headers: { "idempotency-key": unique("key") } }
    const first = await api("POST", "/api-keys", request)
    const again = await api("POST", "/api-keys", request)
    expect(again.body).toEqual({ ...first.body, secret: null })
  })

  test("are refused by role and not found across organizations", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const manager = await hire(a.token, "manager")
    expect((await api("GET", "/api-keys", { token: manager.token })).status).toBe(403)
    expect((await create(manager.token)).status).toBe(403)
    const { body } = await create(a.token)
    expect((await api("DELETE", `/api-keys/${body.id}`, { token: b.token })).status).toBe(404)
    expect((await api("GET", "/users", { token: body.secret, headers: { "x-tenant-id": b.org.id } })).body.code).toBe("TENANT_MISMATCH")
  })
})
