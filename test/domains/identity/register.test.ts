import { describe, expect, test } from "vitest"
import { api, auditOf, eventsOf, hire, newEmail, password, platformStaff, signUp, tokenMailedTo, unique } from "../../support/world.ts"

const organization = (name = unique("Firm")) => ({ name, capabilities: ["supplier"] })

describe("register", () => {
  test("founds an organization with its owner, signed in", async () => {
    const email = newEmail()
    const { status, headers, body } = await api("POST", "/auth/register", {
      body: { email, password, organization: organization("Äpfel & Söhne") },
    })
    expect(status).toBe(201)
    expect(headers.get("location")).toBe(`/api/v1/users/${body.user.id}`)
    expect(body.user).toMatchObject({ email, roles: ["owner"], is_active: true, version: 1 })
    expect(body.organization).toMatchObject({ slug: "apfel-sohne", kyb_status: "UNVERIFIED", status: "ACTIVE", capabilities: ["supplier"] })
    expect(body.organization.settings).toEqual({
      currency: "USD",
      time_zone: "UTC",
      share_stock: false,
      require_kyb_for_link_approval: false,
    })
    expect((await api("GET", "/auth/me", { token: body.access_token })).status).toBe(200)
    expect((await auditOf(body.organization.id)).map(({ action }) => action).sort()).toEqual([
      "identity.session.start",
      "identity.user.register",
      "organizations.organization.create",
    ])
    expect(await eventsOf(body.organization.id)).toEqual(["organization.created", "user.created"])
  })

  test("a derived slug that is taken gets a tail, a wanted one is a conflict that names the field", async () => {
    const name = unique("Twin")
    const first = await signUp(["buyer"], name)
    const second = await signUp(["buyer"], name)
    expect(second.org.slug).toMatch(new RegExp(`^${first.org.slug}-[0-9a-z]+$`))
    const { status, body } = await api("POST", "/auth/register", {
      body: { email: newEmail(), password, organization: { ...organization(), slug: first.org.slug } },
    })
    expect(status).toBe(409)
    expect(body).toMatchObject({ code: "CONFLICT", errors: [{ pointer: "/organization/slug" }] })
  })

  test("a taken address is EMAIL_TAKEN and founds nothing, also in a race", async () => {
    const { owner } = await signUp()
    const taken = await api("POST", "/auth/register", { body: { email: owner.email, password, organization: organization() } })
    expect(taken.body.code).toBe("EMAIL_TAKEN")
    const email = newEmail()
    const race = await Promise.all(
      [1, 2, 3].map(() => api("POST", "/auth/register", { body: { email, password, organization: organization() } })),
    )
    expect(race.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  })

  test.each([
    ["role", { role: "owner" }, "/role"],
    ["organization_id", { organization_id: "org_x" }, "/organization_id"],
    ["roles", { roles: ["super_admin"] }, "/roles"],
  ])("%s in the body is an unknown field", async (_name, extra, pointer) => {
    const { status, body } = await api("POST", "/auth/register", {
      body: { email: newEmail(), password, organization: organization(), ...extra },
    })
    expect(status).toBe(422)
    expect(body.errors).toContainEqual(expect.objectContaining({ pointer, code: "UNKNOWN_FIELD" }))
  })

  test.each([
    ["a short password", { password: "1234567" }],
    ["a long password", { password: "x".repeat(129) }],
    ["no address", { email: "nobody" }],
    ["no capability", { organization: { name: "X", capabilities: [] } }],
    ["an unknown capability", { organization: { name: "X", capabilities: ["bank"] } }],
    ["a reserved slug", { organization: { name: "X", slug: "api", capabilities: ["buyer"] } }],
    ["a name of two lines", { organization: { name: "X\nBcc: all@example.test", capabilities: ["buyer"] } }],
  ])("%s is refused", async (_name, change) => {
    const { status, body } = await api("POST", "/auth/register", {
      body: { email: newEmail(), password, organization: organization(), ...change },
    })
    expect(status).toBe(422)
    expect(body.code).toBe("VALIDATION_FAILED")
  })

  test("repeated with its Idempotency-Key gives the first answer without its secrets", async () => {
    const request = { body: { email: newEmail(), password, organization: organization() }, headers: { "idempotency-key": unique("key") } }
    const first = await api("POST", "/auth/register", request)
    const again = await api("POST", "/auth/register", request)
    expect(again.status).toBe(201)
    expect(again.body).toEqual({ ...first.body, access_token: null, refresh_token: null })
    const other = await api("POST", "/auth/register", { ...request, body: { ...request.body, email: newEmail() } })
    expect(other.body.code).toBe("IDEMPOTENCY_KEY_REUSED")
  })
})

describe("register by invitation", () => {
  test("joins with the invitation's roles; the token works once", async () => {
    const { org, token } = await signUp()
    const email = newEmail()
    await api("POST", "/invitations", { token, body: { email, roles: ["sales_rep"] } })
    const body = { invitation_token: await tokenMailedTo(email), password, full_name: "Ines Invited" }
    const joined = await api("POST", "/auth/register", { body })
    expect(joined.status).toBe(201)
    expect(joined.body).toMatchObject({ user: { email, roles: ["sales_rep"], full_name: "Ines Invited" }, organization: { id: org.id } })
    expect((await api("GET", "/auth/me", { token: joined.body.access_token })).body.organization.id).toBe(org.id)
    expect((await api("GET", "/invitations", { token })).body.data).toEqual([])
    const again = await api("POST", "/auth/register", { body })
    expect(again.status).toBe(401)
    expect(again.body.code).toBe("TOKEN_EXPIRED")
  })

  test("two at once with one token: one joins", async () => {
    const { token } = await signUp()
    const email = newEmail()
    await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
    const body = { invitation_token: await tokenMailedTo(email), password }
    const statuses = (await Promise.all([1, 2, 3].map(() => api("POST", "/auth/register", { body })))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
  })

  test("completes a user made ahead", async () => {
    const { token } = await signUp()
    const email = newEmail()
    const made = await api("POST", "/users", { token, body: { email, full_name: "Paula Planned", roles: ["manager"] } })
    const joined = await api("POST", "/auth/register", { body: { invitation_token: await tokenMailedTo(email), password } })
    expect(joined.body.user).toMatchObject({ id: made.body.id, full_name: "Paula Planned", roles: ["manager"], version: 2 })
  })

  test("a withdrawn invitation, a made-up one and a deactivated organization let nobody in", async () => {
    const { org, token } = await signUp()
    const [one, two] = [newEmail(), newEmail()]
    const { body } = await api("POST", "/invitations", { token, body: { email: one, roles: ["staff"] } })
    await api("POST", "/invitations", { token, body: { email: two, roles: ["staff"] } })
    await api("DELETE", `/invitations/${body.id}`, { token })
    const redeem = async (invitation_token: string) =>
      (await api("POST", "/auth/register", { body: { invitation_token, password } })).body.code
    expect(await redeem(await tokenMailedTo(one))).toBe("TOKEN_EXPIRED")
    expect(await redeem("made-up")).toBe("TOKEN_EXPIRED")
    await api("DELETE", `/organizations/${org.id}`, { token })
    expect(await redeem(await tokenMailedTo(two))).toBe("ORGANIZATION_DEACTIVATED")
  })

  test("a role in the body is an unknown field here too", async () => {
    const { status } = await api("POST", "/auth/register", { body: { invitation_token: "x", password, roles: ["owner"] } })
    expect(status).toBe(422)
  })
})

test("me of platform staff has no organization, and of an API key does not exist", async () => {
  const staff = await platformStaff()
  const { org, token } = await signUp()
  const me = await api("GET", "/auth/me", { token: staff.token, headers: { "x-tenant-id": org.slug } })
  expect(me.body).toMatchObject({ organization: null, roles: ["super_admin"] })
  const key = await api("POST", "/api-keys", { token, body: { name: "Scanner", permissions: ["inventory.stock.read"] } })
  expect((await api("GET", "/auth/me", { token: key.body.secret })).status).toBe(403)
})

test("one's own name changes by PATCH /auth/me, nothing else does", async () => {
  const { token } = await signUp()
  const person = await hire(token, "staff")
  const changed = await api("PATCH", "/auth/me", { token: person.token, body: { full_name: "  Nina New " } })
  expect(changed.body).toMatchObject({ id: person.id, full_name: "Nina New" })
  expect((await api("PATCH", "/auth/me", { token: person.token, body: { roles: ["owner"] } })).status).toBe(422)
  expect(
    (await api("PATCH", "/auth/me", { token: person.token, body: { full_name: "X" }, headers: { "if-match": '"1.1.o"' } })).status,
  ).toBe(412)
})
