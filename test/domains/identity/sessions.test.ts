import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { api, auditOf, hire, password, signIn, signUp, unique } from "../../support/world.ts"

const refresh = (refresh_token: string, headers: Record<string, string> = {}) =>
  api("POST", "/auth/refresh", { body: { refresh_token }, headers })

describe("refresh", () => {
  test("rotates: the new pair works", async () => {
    const { owner } = await signUp()
    const first = await refresh(owner.refreshToken)
    expect(first.status).toBe(200)
    expect(first.body.refresh_token).not.toBe(owner.refreshToken)
    expect((await api("GET", "/auth/me", { token: first.body.access_token })).status).toBe(200)
    expect((await refresh(first.body.refresh_token)).status).toBe(200)
  })

  test("INV-ID-2: a spent refresh token revokes its family", async () => {
    const { org, owner } = await signUp()
    const next = (await refresh(owner.refreshToken)).body
    const replay = await refresh(owner.refreshToken)
    expect(replay.status).toBe(401)
    expect(replay.body.code).toBe("TOKEN_REUSED")
    expect((await refresh(next.refresh_token)).body.code).toBe("TOKEN_EXPIRED")
    expect((await api("GET", "/auth/me", { token: next.access_token })).body.code).toBe("TOKEN_EXPIRED")
    expect((await refresh(owner.refreshToken)).body.code).toBe("TOKEN_REUSED")
    expect((await auditOf(org.id)).filter(({ action }) => action === "identity.session.revoke")).toHaveLength(1)
    expect((await signIn(owner.email)).token).toBeTruthy()
  })

  test("INV-ID-2: of many at once with one token at most one wins, and the family ends", async () => {
    const { owner } = await signUp()
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => refresh(owner.refreshToken)))
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    expect(answers.filter(({ body }) => body.code === "TOKEN_REUSED")).toHaveLength(4)
    expect((await refresh(won[0]?.body.refresh_token)).status).toBe(401)
  })

  test("one Idempotency-Key many times at once is one refresh, and ends nothing", async () => {
    const { owner } = await signUp()
    const headers = { "idempotency-key": unique("key") }
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => refresh(owner.refreshToken, headers)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const fresh = answers.filter(({ body }) => body.refresh_token !== null)
    expect(fresh).toHaveLength(1)
    expect((await refresh(fresh[0]?.body.refresh_token)).status).toBe(200)
  })

  test("brings new roles, and the old access token is refused", async () => {
    const { token } = await signUp()
    const person = await hire(token, "staff")
    await api("POST", `/users/${person.id}/roles`, { token, body: { roles: ["manager"] } })
    expect((await api("GET", "/auth/me", { token: person.token })).body.code).toBe("TOKEN_EXPIRED")
    const next = await refresh(person.refreshToken)
    const me = await api("GET", "/auth/me", { token: next.body.access_token })
    expect(me.status).toBe(200)
    expect(me.body.permissions).toContain("catalog.product.edit")
  })

  test("INV-ID-5: beside a change of roles, no token that works carries the old ones", async () => {
    const { token } = await signUp()
    const person = await hire(token, "manager")
    let refreshToken = person.refreshToken
    for (const role of ["staff", "manager", "staff", "manager", "staff"]) {
      const [changed, ...refreshed] = await Promise.all([
        api("POST", `/users/${person.id}/roles`, { token, body: { roles: [role] } }),
        refresh(refreshToken),
      ])
      expect(changed.status).toBe(200)
      for (const { status, body } of refreshed) {
        expect([200, 503]).toContain(status)
        if (status !== 200) continue
        refreshToken = body.refresh_token
        const me = await api("GET", "/auth/me", { token: body.access_token })
        if (me.status === 200) expect(me.body.permissions.includes("catalog.product.edit")).toBe(role === "manager")
        else expect(me.body.code).toBe("TOKEN_EXPIRED")
      }
    }
  })

  test("is refused to a disabled user, an expired session and a made-up token", async () => {
    const { owner, token } = await signUp()
    const person = await hire(token, "staff")
    await api("DELETE", `/users/${person.id}`, { token })
    expect((await refresh(person.refreshToken)).body.code).toBe("TOKEN_EXPIRED")
    expect((await refresh("made-up")).body.code).toBe("UNAUTHENTICATED")
    expect((await refresh(`${owner.refreshToken}x`)).body.code).toBe("UNAUTHENTICATED")
    await env.DB.prepare("update sessions set expires_at = 1 where user_id = ?").bind(owner.id).run()
    expect((await refresh(owner.refreshToken)).body.code).toBe("TOKEN_EXPIRED")
  })
})

describe("sign out", () => {
  test("ends this session and no other", async () => {
    const { owner, token } = await signUp()
    const other = await signIn(owner.email)
    expect((await api("POST", "/auth/logout", { token, body: { refresh_token: owner.refreshToken } })).status).toBe(204)
    expect((await api("GET", "/auth/me", { token })).status).toBe(401)
    expect((await refresh(owner.refreshToken)).status).toBe(401)
    expect((await api("GET", "/auth/me", { token: other.token })).status).toBe(200)
  })

  test("works without a body, and somebody else's refresh token ends nothing of theirs", async () => {
    const [a, b] = [await signUp(), await signUp()]
    expect((await api("POST", "/auth/logout", { token: a.token, body: { refresh_token: b.owner.refreshToken } })).status).toBe(204)
    expect((await refresh(b.owner.refreshToken)).status).toBe(200)
    expect((await api("POST", "/auth/logout", { token: b.token })).status).toBe(204)
  })
})

describe("sessions", () => {
  test("are listed newest first, page by page, and ended one by one", async () => {
    const { owner, token } = await signUp()
    const second = await signIn(owner.email)
    await signIn(owner.email)
    const page = await api("GET", "/auth/sessions?limit=2", { token })
    expect(page.body.data).toHaveLength(2)
    const rest = await api("GET", `/auth/sessions?limit=2&cursor=${page.body.next_cursor}`, { token })
    expect(rest.body).toMatchObject({ data: [{ is_current: true }], next_cursor: null })
    const mine = await api("GET", "/auth/sessions", { token: second.token })
    const current = mine.body.data.find((session: { is_current: boolean }) => session.is_current)
    expect((await api("DELETE", `/auth/sessions/${current.id}`, { token })).status).toBe(204)
    expect((await api("GET", "/auth/me", { token: second.token })).status).toBe(401)
    expect((await api("DELETE", `/auth/sessions/${current.id}`, { token })).status).toBe(404)
  })

  test("of others, in the organization or out of it, are not found", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const colleague = await hire(a.token, "staff")
    const { body } = await api("GET", "/auth/sessions", { token: a.token })
    for (const token of [b.token, colleague.token]) {
      expect((await api("DELETE", `/auth/sessions/${body.data[0].id}`, { token })).status).toBe(404)
    }
  })

  test("password stays out of every answer and audit row", async () => {
    const { org } = await signUp()
    expect(JSON.stringify(await auditOf(org.id))).not.toContain(password)
  })
})
