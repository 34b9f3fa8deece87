import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { api, auditOf, hire, mailsTo, newEmail, password, signIn, signUp, tokenMailedTo } from "../../support/world.ts"

const better = "a-better-password"

describe("forgot and reset", () => {
  test("a mailed token sets a new password once, and every session ends", async () => {
    const { org, owner, token } = await signUp()
    expect((await api("POST", "/auth/forgot-password", { body: { email: owner.email } })).status).toBe(202)
    const mailed = await tokenMailedTo(owner.email)
    const reset = () => api("POST", "/auth/reset-password", { body: { token: mailed, password: better } })
    expect((await reset()).status).toBe(204)
    expect((await reset()).body.code).toBe("TOKEN_EXPIRED")
    expect((await api("GET", "/auth/me", { token })).status).toBe(401)
    expect((await api("POST", "/auth/refresh", { body: { refresh_token: owner.refreshToken } })).status).toBe(401)
    expect((await api("POST", "/auth/token", { body: { email: owner.email, password } })).status).toBe(401)
    const again = await signIn(owner.email, better)
    expect((await api("GET", "/auth/me", { token: again.token })).status).toBe(200)
    const actions = (await auditOf(org.id)).map(({ action }) => action)
    expect(actions).toEqual(expect.arrayContaining(["identity.password.request-reset", "identity.password.reset"]))
  })

  test("an unknown address gets the same answer and no mail", async () => {
    const { owner } = await signUp()
    const known = await api("POST", "/auth/forgot-password", { body: { email: owner.email } })
    const stranger = newEmail()
    const unknown = await api("POST", "/auth/forgot-password", { body: { email: stranger } })
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body])
    await mailsTo(owner.email)
    expect((await api("GET", `./dev/mail?to=${stranger}`)).body.data).toEqual([])
  })

  test("of two resets at once with one token, one wins", async () => {
    const { owner } = await signUp()
    await api("POST", "/auth/forgot-password", { body: { email: owner.email } })
    const token = await tokenMailedTo(owner.email)
    const statuses = (
      await Promise.all([1, 2].map((n) => api("POST", "/auth/reset-password", { body: { token, new_password: `${better}-${n}` } })))
    ).map((a) => a.status)
    expect(statuses.filter((status) => status === 204)).toHaveLength(1)
  })

  test("an expired token, and one of a disabled user, are over", async () => {
    const { owner, token } = await signUp()
    const person = await hire(token, "staff")
    for (const { email } of [owner, person]) await api("POST", "/auth/forgot-password", { body: { email } })
    const [expired, orphan] = [await tokenMailedTo(owner.email), await tokenMailedTo(person.email)]
    await env.DB.prepare("update reset_tokens set expires_at = 1 where user_id = ?").bind(owner.id).run()
    await api("DELETE", `/users/${person.id}`, { token })
    for (const mailed of [expired, orphan]) {
      expect((await api("POST", "/auth/reset-password", { body: { token: mailed, password: better } })).body.code).toBe("TOKEN_EXPIRED")
    }
  })

  test("a mailbox is not flooded: five open tokens at most", async () => {
    const { owner } = await signUp()
    for (let i = 0; i < 7; i += 1) {
      await api("POST", "/auth/forgot-password", { body: { email: owner.email } })
      await mailsTo(owner.email, Math.min(i + 1, 5))
    }
    expect((await mailsTo(owner.email, 5)).length).toBe(5)
  })

  test("mails carry the token in text, never in a link, and names are escaped", async () => {
    const { token } = await signUp(["buyer"], "<b>Evil & Sons</b>")
    const email = newEmail()
    await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
    const [mail] = await mailsTo(email)
    expect(mail?.html).toContain("&lt;b&gt;Evil &amp; Sons&lt;/b&gt;")
    expect(mail?.html).not.toContain("<b>")
    expect(mail?.text).toContain(mail?.token ?? "missing")
    expect(mail?.text).not.toMatch(/https?:\S*token/)
  })
})

describe("change password", () => {
  const change = (token: string, current_password: string, new_password = better) =>
    api("POST", "/auth/me/change-password", { token, body: { current_password, new_password } })

  test("needs the current one; other sessions end, this one stays", async () => {
    const { owner, token } = await signUp()
    const other = await signIn(owner.email)
    const wrong = await change(token, "not-the-password")
    expect(wrong.status).toBe(401)
    expect(wrong.body).toMatchObject({ code: "INVALID_CREDENTIALS", errors: [{ pointer: "/current_password" }] })
    expect((await change(token, password)).status).toBe(204)
    expect((await api("GET", "/auth/me", { token })).status).toBe(200)
    expect((await api("POST", "/auth/refresh", { body: { refresh_token: owner.refreshToken } })).status).toBe(200)
    expect((await api("GET", "/auth/me", { token: other.token })).status).toBe(401)
    expect((await api("POST", "/auth/refresh", { body: { refresh_token: other.refreshToken } })).status).toBe(401)
    expect((await signIn(owner.email, better)).token).toBeTruthy()
  })

  test("ends an open reset", async () => {
    const { owner, token } = await signUp()
    await api("POST", "/auth/forgot-password", { body: { email: owner.email } })
    const mailed = await tokenMailedTo(owner.email)
    expect((await change(token, password)).status).toBe(204)
    expect((await api("POST", "/auth/reset-password", { body: { token: mailed, password: "third-password" } })).body.code).toBe(
      "TOKEN_EXPIRED",
    )
  })

  test("a new one that is too short is refused", async () => {
    const { token } = await signUp()
    expect((await change(token, password, "short")).status).toBe(422)
  })
})
