import { describe, expect, test } from "vitest"
import { api, auditOf, costOf, hire, newEmail, password, signIn, signUp } from "../../support/world.ts"

describe("sign in", () => {
  test("by JSON gives a pair of tokens that works", async () => {
    const { owner, org } = await signUp()
    const answer = await api("POST", "/auth/token", { body: { email: owner.email.toUpperCase(), password } })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ token_type: "bearer", expires_in: 900 })
    const me = await api("GET", "/auth/me", { token: answer.body.access_token })
    expect(me.status).toBe(200)
    expect(me.body).toMatchObject({ id: owner.id, organization: { id: org.id, slug: org.slug }, roles: ["owner"] })
    expect((await auditOf(org.id)).map(({ action }) => action)).toContain("identity.session.start")
  })

  test("by the OAuth 2.0 password form works too", async () => {
    const { owner } = await signUp()
    const form = (fields: Record<string, string>) =>
      api("POST", "/auth/token", {
        body: new URLSearchParams(fields).toString(),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      })
    expect(
      (await form({ grant_type: "password", username: owner.email, password, scope: "", client_id: "", client_secret: "" })).status,
    ).toBe(200)
    expect((await form({ grant_type: "client_credentials", username: owner.email, password })).status).toBe(422)
  })

  test("costs at most 2 trips, 6 rows read and 4 written, however many users there are", async () => {
    const { owner, token } = await signUp()
    const measure = async () => costOf(await api("POST", "/auth/token", { body: { email: owner.email, password } }))
    const before = await measure()
    for (let i = 0; i < 10; i += 1)
      await api("POST", "/users", { token, body: { email: newEmail(), full_name: "One More", roles: ["staff"] } })
    const after = await measure()
    expect(after).toEqual(before)
    expect(after.trips).toBeLessThanOrEqual(2)
    expect(after.read).toBeLessThanOrEqual(6)
    expect(after.written).toBeLessThanOrEqual(4)
  })

  test("INV-ID-1: an unknown address, a wrong password, a disabled user and one without a password get one answer", async () => {
    const { owner, token } = await signUp()
    const disabled = await hire(token, "staff")
    await api("DELETE", `/users/${disabled.id}`, { token })
    const waiting = newEmail()
    await api("POST", "/users", { token, body: { email: waiting, full_name: "Not Yet", roles: ["staff"] } })
    const attempts = [
      { email: newEmail(), password },
      { email: owner.email, password: "wrong-password" },
      { email: disabled.email, password },
      { email: waiting, password },
    ]
    const answers = await Promise.all(attempts.map((body) => api("POST", "/auth/token", { body })))
    for (const { status, body } of answers) {
      expect(status).toBe(401)
      expect({ ...body, request_id: null }).toEqual({ ...answers[0]?.body, request_id: null })
      expect(body.code).toBe("INVALID_CREDENTIALS")
    }
  })

  test("guessing is limited by address and account before anything is hashed", async () => {
    const { owner } = await signUp()
    const statuses: number[] = []
    // The limiter's minute may turn on the way.
    while (statuses.length < 40 && !statuses.includes(429))
      statuses.push((await api("POST", "/auth/token", { body: { email: owner.email, password: "nope" } })).status)
    expect(statuses).toContain(429)
    const elsewhere = await api("POST", "/auth/token", {
      body: { email: owner.email, password },
      headers: { "cf-connecting-ip": "198.51.100.7" },
    })
    expect(elsewhere.status).toBe(200)
  })

  test("unknown fields are refused by name", async () => {
    const { status, body } = await api("POST", "/auth/token", { body: { email: newEmail(), password, role: "owner" } })
    expect(status).toBe(422)
    expect(body.errors).toContainEqual(expect.objectContaining({ pointer: "/role", code: "UNKNOWN_FIELD" }))
  })

  test("the users of a deactivated organization sign in and read, and change nothing", async () => {
    const { org, owner, token } = await signUp()
    expect((await api("DELETE", `/organizations/${org.id}`, { token })).status).toBe(204)
    expect((await api("GET", "/auth/me", { token })).status).toBe(401)
    const again = await signIn(owner.email)
    expect((await api("GET", "/users", { token: again.token })).status).toBe(200)
    const change = await api("PATCH", "/auth/me", { token: again.token, body: { full_name: "New" } })
    expect(change.body.code).toBe("ORGANIZATION_DEACTIVATED")
    expect((await api("POST", "/auth/logout", { token: again.token, body: { refresh_token: again.refreshToken } })).status).toBe(204)
  })
})
