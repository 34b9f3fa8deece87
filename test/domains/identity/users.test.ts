import { describe, expect, test } from "vitest"
import { api, auditOf, eventsOf, hire, newEmail, password, platformStaff, signIn, signUp, unique } from "../../support/world.ts"

const newUser = (roles: readonly string[] = ["staff"]) => ({ email: newEmail(), full_name: "Nora New", password, roles })

describe("create a user", () => {
  test("works for owner and admin, with an audit row and an event", async () => {
    const { org, token } = await signUp()
    const admin = await hire(token, "admin")
    const body = newUser(["manager", "warehouse_op"])
    const made = await api("POST", "/users", { token: admin.token, body })
    expect(made.status).toBe(201)
    expect(made.headers.get("location")).toBe(`/api/v1/users/${made.body.id}`)
    expect(made.body).toEqual({
      id: made.body.id,
      email: body.email,
      full_name: "Nora New",
      roles: ["manager", "warehouse_op"],
      is_active: true,
      created_at: made.body.created_at,
      version: 1,
    })
    expect(await auditOf(org.id)).toContainEqual(expect.objectContaining({ action: "identity.user.create", actor_id: admin.id }))
    expect(await eventsOf(org.id)).toContain("user.created")
    expect((await signIn(body.email)).token).toBeTruthy()
  })

  test("is refused to roles without the permission", async () => {
    const { token } = await signUp()
    for (const role of ["manager", "sales_rep", "warehouse_op", "staff", "buyer", "area_manager"]) {
      const person = await hire(token, role)
      const { status, body } = await api("POST", "/users", { token: person.token, body: newUser() })
      expect([role, status, body.code]).toEqual([role, 403, "FORBIDDEN"])
    }
  })

  test("INV-ID-4: nobody assigns roles that say more than their own", async () => {
    const { token } = await signUp()
    const admin = await hire(token, "admin")
    expect((await api("POST", "/users", { token: admin.token, body: newUser(["owner"]) })).status).toBe(403)
    expect((await api("POST", "/users", { token, body: newUser(["owner"]) })).status).toBe(201)
    for (const role of ["super_admin", "no_such_role"]) {
      const { status, body } = await api("POST", "/users", { token, body: newUser(["staff", role]) })
      expect([status, body.errors?.[0]]).toEqual([422, expect.objectContaining({ pointer: "/roles/1", code: "UNKNOWN_ROLE" })])
    }
  })

  test("an address is unique across organizations", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const { status, body } = await api("POST", "/users", { token: a.token, body: { ...newUser(), email: b.owner.email } })
    expect([status, body.code]).toEqual([409, "EMAIL_TAKEN"])
  })

  test("repeated with its Idempotency-Key makes one user", async () => {
    const { token } = await signUp()
    const request = { token, body: newUser(), headers: { "idempotency-key": unique("key") } }
    const answers = await Promise.all([1, 2, 3].map(() => api("POST", "/users", request)))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expect((await api("GET", "/users", { token })).body.data).toHaveLength(2)
  })
})

describe("read users", () => {
  test("page by page; field managers see themselves; others nobody but themselves", async () => {
    const { owner, token } = await signUp()
    const manager = await hire(token, "area_manager")
    const staff = await hire(token, "staff")
    const first = await api("GET", "/users?limit=2", { token })
    expect(first.body.data.map((user: { id: string }) => user.id)).toEqual([owner.id, manager.id])
    const second = await api("GET", `/users?limit=2&cursor=${first.body.next_cursor}`, { token })
    expect(second.body).toMatchObject({ data: [{ id: staff.id }], next_cursor: null })
    expect((await api("GET", "/users", { token: manager.token })).body.data.map((user: { id: string }) => user.id)).toEqual([manager.id])
    expect((await api("GET", "/users", { token: staff.token })).status).toBe(403)
    expect((await api("GET", `/users/${staff.id}`, { token: staff.token })).status).toBe(200)
    expect((await api("GET", `/users/${owner.id}`, { token: staff.token })).status).toBe(403)
    expect((await api("GET", "/users?cursor=made-up", { token })).status).toBe(422)
    const elsewhere = await api("GET", `/auth/sessions?cursor=${first.body.next_cursor}`, { token })
    expect(elsewhere.status).toBe(422)
  })

  test("another organization's user is not found, by any verb", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const path = `/users/${b.owner.id}`
    expect((await api("GET", path, { token: a.token })).status).toBe(404)
    expect((await api("PATCH", path, { token: a.token, body: { full_name: "X" } })).status).toBe(404)
    expect((await api("DELETE", path, { token: a.token })).status).toBe(404)
    expect((await api("POST", `${path}/roles`, { token: a.token, body: { roles: ["staff"] } })).status).toBe(404)
    expect((await api("GET", `/users/${a.org.id}`, { token: a.token })).status).toBe(422)
  })

  test("the ETag answers If-None-Match", async () => {
    const { owner, token } = await signUp()
    const { headers } = await api("GET", `/users/${owner.id}`, { token })
    const again = await api("GET", `/users/${owner.id}`, { token, headers: { "if-none-match": headers.get("etag") ?? "" } })
    expect(again.status).toBe(304)
  })
})

describe("change a user", () => {
  test("people change their own name, not their address, activity or anybody else", async () => {
    const { owner, token } = await signUp()
    const person = await hire(token, "staff")
    const own = (body: object) => api("PATCH", `/users/${person.id}`, { token: person.token, body })
    expect((await own({ full_name: "Rita Renamed" })).body).toMatchObject({ full_name: "Rita Renamed", version: 2 })
    expect((await own({ email: newEmail() })).status).toBe(403)
    expect((await own({ is_active: false })).status).toBe(403)
    expect((await own({ roles: ["owner"] })).status).toBe(422)
    expect((await api("PATCH", `/users/${owner.id}`, { token: person.token, body: { full_name: "X" } })).status).toBe(403)
  })

  test("an admin changes addresses; a taken one is EMAIL_TAKEN", async () => {
    const { owner, token } = await signUp()
    const person = await hire(token, "staff")
    const email = newEmail()
    expect((await api("PATCH", `/users/${person.id}`, { token, body: { email } })).body.email).toBe(email)
    expect((await signIn(email)).token).toBeTruthy()
    expect((await api("PATCH", `/users/${person.id}`, { token, body: { email: owner.email } })).body.code).toBe("EMAIL_TAKEN")
  })

  test("If-Match refuses a stale edit, and of two edits at once one wins", async () => {
    const { token } = await signUp()
    const person = await hire(token, "staff")
    const path = `/users/${person.id}`
    const etag = (await api("GET", path, { token })).headers.get("etag") ?? ""
    const edit = (full_name: string) => api("PATCH", path, { token, body: { full_name }, headers: { "if-match": etag } })
    const statuses = (await Promise.all([edit("One"), edit("Two")])).map(({ status }) => status)
    expect(statuses.sort()).toEqual([200, 412])
    expect((await edit("Three")).body.code).toBe("VERSION_MISMATCH")
  })

  test("INV-ID-4: an admin does not manage an owner", async () => {
    const { owner, token } = await signUp()
    const admin = await hire(token, "admin")
    expect((await api("PATCH", `/users/${owner.id}`, { token: admin.token, body: { full_name: "X" } })).status).toBe(403)
    expect((await api("DELETE", `/users/${owner.id}`, { token: admin.token })).status).toBe(403)
    expect((await api("POST", `/users/${owner.id}/roles`, { token: admin.token, body: { roles: ["staff"] } })).status).toBe(403)
  })
})

describe("disable a user", () => {
  test("ends sessions at once, keeps the row, and enabling brings them back", async () => {
    const { org, token } = await signUp()
    const person = await hire(token, "staff")
    expect((await api("DELETE", `/users/${person.id}`, { token })).status).toBe(204)
    expect((await api("DELETE", `/users/${person.id}`, { token })).status).toBe(204)
    expect((await api("GET", "/auth/me", { token: person.token })).body.code).toBe("TOKEN_EXPIRED")
    expect((await api("GET", `/users/${person.id}`, { token })).body.is_active).toBe(false)
    expect((await api("PATCH", `/users/${person.id}`, { token, body: { is_active: true } })).body.is_active).toBe(true)
    const again = await signIn(person.email)
    expect((await api("GET", "/auth/me", { token: again.token })).status).toBe(200)
    expect((await eventsOf(org.id)).filter((type) => type.startsWith("user."))).toEqual([
      "user.created",
      "user.created",
      "user.disabled",
      "user.enabled",
    ])
  })

  test("INV-ID-3: the last owner can be neither disabled nor demoted", async () => {
    const { owner, token } = await signUp()
    const attempts = [
      api("DELETE", `/users/${owner.id}`, { token }),
      api("PATCH", `/users/${owner.id}`, { token, body: { is_active: false } }),
      api("POST", `/users/${owner.id}/roles`, { token, body: { roles: ["admin"] } }),
    ]
    for (const { status, body } of await Promise.all(attempts)) expect([status, body.code]).toEqual([409, "LAST_OWNER"])
    await api("POST", "/users", { token, body: { email: newEmail(), full_name: "Waits", roles: ["owner"] } })
    expect((await api("DELETE", `/users/${owner.id}`, { token })).body.code).toBe("LAST_OWNER")
  })

  test("INV-ID-3: of two owners removed at once one stays", async () => {
    const { org, owner, token } = await signUp()
    const second = await hire(token, "owner")
    const staff = await platformStaff()
    const as = { token: staff.token, headers: { "x-tenant-id": org.id } }
    const answers = await Promise.all([
      api("DELETE", `/users/${owner.id}`, as),
      api("POST", `/users/${second.id}/roles`, { ...as, body: { roles: ["staff"] } }),
    ])
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(1)
    expect(answers.filter(({ body }) => body?.code === "LAST_OWNER")).toHaveLength(1)
  })
})

describe("platform staff", () => {
  test("act in an organization by naming it, audited on the platform's trail, and never otherwise", async () => {
    const staff = await platformStaff()
    const { org, owner } = await signUp()
    expect((await api("GET", "/users", { token: staff.token })).status).toBe(403)
    const listed = await api("GET", "/users", { token: staff.token, headers: { "x-tenant-id": org.id } })
    expect(listed.body.data.map((user: { id: string }) => user.id)).toEqual([owner.id])
    expect(await auditOf("org_00000000000000000000000000")).toContainEqual(
      expect.objectContaining({ action: "platform.organization.enter", actor_id: staff.id }),
    )
  })

  test("others may not name another organization", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const { status, body } = await api("GET", "/users", { token: a.token, headers: { "x-tenant-id": b.org.slug } })
    expect([status, body.code]).toEqual([403, "TENANT_MISMATCH"])
    expect((await api("GET", "/users", { token: a.token, headers: { "x-tenant-id": a.org.slug } })).status).toBe(200)
  })
})
