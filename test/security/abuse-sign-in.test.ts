import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { newId, type RoleId } from "../../src/kernel/ids.ts"
import { networkOf } from "../../src/platform/http/rate-limit.ts"
import { type Answer, api, auditOf, hire, mailsTo, newEmail, password, signIn, signUp, tokenMailedTo, unique } from "../support/world.ts"

/** What somebody tries who wants to be somebody else: guesses, floods, stolen tokens, mails that went astray, roles talked up. */

const allowance = 10
const from = (address: string, more: Record<string, string> = {}) => ({ "cf-connecting-ip": address, ...more })
const guess = (email: string, headers: Record<string, string>, secret = "not-the-password") =>
  api("POST", "/auth/token", { body: { email, password: secret }, headers })

/** Spends the whole allowance, several at once so that the file stays quick. The limiter's minute may turn once on the way. */
async function untilLimited(attempt: () => Promise<Answer>): Promise<Answer> {
  for (let round = 0; round < 3 * allowance; round += 1) {
    const answers = await Promise.all([attempt(), attempt()])
    const limited = answers.find(({ status }) => status === 429)
    if (limited !== undefined) return limited
  }
  throw new Error("never limited")
}

/** Spends an account's allowance from an address without a hash: forgot-password draws on the same one. */
const spend = (email: string, address: () => string) =>
  untilLimited(() => api("POST", "/auth/forgot-password", { body: { email }, headers: from(address()) }))

describe("guessing a password", () => {
  test("is refused after ten tries from one address at one account, with Retry-After and the policy", async () => {
    const { owner } = await signUp()
    const limited = await untilLimited(() => guess(owner.email, from("203.0.113.1")))
    expect(limited.body.code).toBe("RATE_LIMITED")
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(limited.headers.get("ratelimit-policy")).toContain('"sign-in";q=10')
    expect((await guess(owner.email, from("203.0.113.1"), password)).status).toBe(429)
  })

  test("locks nobody else out: the account's owner signs in from elsewhere, and others from the guesser's address", async () => {
    const [victim, neighbour] = [await signUp(), await signUp()]
    await spend(victim.owner.email, () => "203.0.113.2")
    expect((await guess(victim.owner.email, from("198.51.100.2"), password)).status).toBe(200)
    expect((await guess(neighbour.owner.email, from("203.0.113.2"), password)).status).toBe(200)
  })

  test("gets no new allowance by another spelling of the account, another body type or headers that anybody can write", async () => {
    const { owner } = await signUp()
    await spend(owner.email, () => "203.0.113.3")
    const spellings = [owner.email.toUpperCase(), ` ${owner.email} `, owner.email.replace("s", "S")]
    for (const email of spellings) expect((await guess(email, from("203.0.113.3"))).status).toBe(429)
    const form = new URLSearchParams({ grant_type: "password", username: owner.email, password: "no" }).toString()
    const asForm = { body: form, headers: from("203.0.113.3", { "content-type": "application/x-www-form-urlencoded" }) }
    expect((await api("POST", "/auth/token", asForm)).status).toBe(429)
    for (const name of ["x-forwarded-for", "x-real-ip", "true-client-ip", "forwarded", "x-client-ip", "x-originating-ip"]) {
      expect((await guess(owner.email, from("203.0.113.3", { [name]: "192.0.2.77" }))).status).toBe(429)
    }
    expect((await guess(owner.email, from("203.0.113.3", { "idempotency-key": unique("fresh") }))).status).toBe(429)
  })

  test("gets no new allowance by the next of an IPv6 customer's 2^64 addresses", async () => {
    const { owner } = await signUp()
    let host = 0
    await spend(owner.email, () => `2001:db8:7:7::${((host += 1)).toString(16)}`)
    expect((await guess(owner.email, from("2001:0db8:0007:0007:ffff:ffff:ffff:ffff"))).status).toBe(429)
    expect((await guess(owner.email, from("2001:db8:7:8::1"), password)).status).toBe(200)
    expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0::/64")
    expect(networkOf("2001:0DB8:0000:0000:0001::")).toBe("2001:db8:0:0::/64")
    expect(networkOf("::1")).toBe("0:0:0:0::/64")
    expect([networkOf("192.0.2.1"), networkOf("::ffff:192.0.2.1"), networkOf(null)]).toEqual(["192.0.2.1", "::ffff:192.0.2.1", "unknown"])
  })

  test("by a stolen session, as the current password, counts by account from wherever it comes", async () => {
    const { owner, token } = await signUp()
    let host = 0
    const attempt = (address: string, current = "not-it-at-all") =>
      api("POST", "/auth/me/change-password", {
        token,
        body: { current_password: current, new_password: "a-new-password" },
        headers: from(address),
      })
    await untilLimited(() => attempt(`198.51.100.${(host += 1) % 250}`))
    expect((await attempt("192.0.2.200", password)).status).toBe(429)
    expect((await guess(owner.email, from("192.0.2.201"), password)).status).toBe(200)
  })

  test("takes as long for an unknown address as for a known one: both are hashed", async () => {
    const { owner } = await signUp()
    const timed = async (email: string, address: string) => {
      const started = performance.now()
      expect((await guess(email, from(address))).body.code).toBe("INVALID_CREDENTIALS")
      return performance.now() - started
    }
    const known: number[] = []
    const unknown: number[] = []
    // The quickest of each: whatever else this machine did meanwhile only ever adds, so more rounds only ever come closer.
    const ratio = () => Math.min(...unknown) / Math.min(...known)
    for (let round = 0; round < 12 && (round < 3 || ratio() < 0.5 || ratio() > 2); round += 1) {
      known.push(await timed(owner.email, `203.0.113.${round}`))
      unknown.push(await timed(newEmail(), `203.0.113.${round}`))
    }
    expect(ratio()).toBeGreaterThan(0.5)
    expect(ratio()).toBeLessThan(2)
  })
})

describe("mails to somebody else's mailbox", () => {
  test("forgot-password sends at most five while their tokens are open, and says the same to everybody", async () => {
    const { owner } = await signUp()
    const ask = (email: string, host: number) => api("POST", "/auth/forgot-password", { body: { email }, headers: from(`192.0.2.${host}`) })
    for (let host = 1; host <= 8; host += 1) {
      const answer = await ask(owner.email, host)
      expect([answer.status, answer.body]).toEqual([202, undefined])
      await mailsTo(owner.email, Math.min(host, 5))
    }
    expect(await mailsTo(owner.email, 5)).toHaveLength(5)
    const nobody = await ask(newEmail(), 9)
    expect([nobody.status, nobody.body]).toEqual([202, undefined])
  })

  test("inviting and withdrawing in turns is limited like guessing is, by who invites and whom", async () => {
    const { token } = await signUp()
    const email = newEmail()
    const invite = async () => {
      const answer = await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
      if (answer.status === 201) await api("DELETE", `/invitations/${answer.body.id}`, { token })
      return answer
    }
    const limited = await untilLimited(invite)
    expect(limited.body.code).toBe("RATE_LIMITED")
    expect((await api("POST", "/invitations", { token, body: { email: newEmail(), roles: ["staff"] } })).status).toBe(201)
  })

  test("an organization has at most five hundred invitations open", async () => {
    const { org, token } = await signUp()
    const now = Date.now()
    await env.DB.prepare(
      `insert into invitations (org_id, id, email, roles, token_hash, created_at, expires_at)
       select ?1, 'inv_' || value, 'guest' || value || '@example.test', '["staff"]', ?1 || value, ?2, ?2 + 1000000000 from json_each(?3)`,
    )
      .bind(org.id, now, JSON.stringify(Array.from({ length: 500 }, (_, n) => n)))
      .run()
    const refused = await api("POST", "/invitations", { token, body: { email: newEmail(), roles: ["staff"] } })
    expect([refused.status, refused.body.code]).toEqual([409, "CONFLICT"])
  })
})

describe("a one-time token that went astray", () => {
  test("INV-ID-7: an invitation to a mistyped address is void once the address is corrected", async () => {
    const { token } = await signUp()
    const [typo, right] = [newEmail(), newEmail()]
    const { body: user } = await api("POST", "/users", { token, body: { email: typo, full_name: "Mina Mistyped", roles: ["admin"] } })
    const stray = await tokenMailedTo(typo)
    expect((await api("PATCH", `/users/${user.id}`, { token, body: { email: right } })).status).toBe(200)
    const taken = await api("POST", "/auth/register", { body: { invitation_token: stray, password } })
    expect([taken.status, taken.body.code]).toEqual([401, "TOKEN_EXPIRED"])
    await api("POST", "/auth/forgot-password", { body: { email: right } })
    const reset = await api("POST", "/auth/reset-password", { body: { token: await tokenMailedTo(right), password } })
    expect(reset.status).toBe(204)
    expect((await signIn(right)).token).toBeTruthy()
  })

  test("INV-ID-7: a reset mailed to an address that is no longer the person's is void", async () => {
    const { token } = await signUp()
    const person = await hire(token, "staff")
    await api("POST", "/auth/forgot-password", { body: { email: person.email } })
    const stray = await tokenMailedTo(person.email)
    await api("PATCH", `/users/${person.id}`, { token, body: { email: newEmail() } })
    expect((await api("POST", "/auth/reset-password", { body: { token: stray, password: "thief-thief" } })).body.code).toBe("TOKEN_EXPIRED")
  })

  test("an invitation gives its own roles in its own organization, whatever its holder adds to the body", async () => {
    const [{ org, token }, other] = [await signUp(), await signUp()]
    const email = newEmail()
    await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
    const invitation_token = await tokenMailedTo(email)
    const extras = [
      { roles: ["owner"] },
      { role: "owner" },
      { org_id: other.org.id },
      { organization: { id: other.org.id } },
      { email: other.owner.email },
    ]
    for (const extra of extras) {
      expect((await api("POST", "/auth/register", { body: { invitation_token, password, ...extra } })).status).toBe(422)
    }
    const { body } = await api("POST", "/auth/register", { body: { invitation_token, password } })
    expect([body.user.roles, body.organization.id]).toEqual([["staff"], org.id])
    expect((await api("POST", "/auth/register", { body: { invitation_token, password } })).body.code).toBe("TOKEN_EXPIRED")
  })
})

describe("a stolen refresh token", () => {
  const refresh = (refresh_token: unknown, headers: Record<string, string> = {}) =>
    api("POST", "/auth/refresh", { body: { refresh_token }, headers })

  test("replayed after its owner went on ends the session for both, and the trail says why", async () => {
    const { org, owner } = await signUp()
    const mine = (await refresh(owner.refreshToken, from("192.0.2.1"))).body
    expect((await refresh(owner.refreshToken, from("203.0.113.66"))).body.code).toBe("TOKEN_REUSED")
    expect((await refresh(mine.refresh_token)).status).toBe(401)
    expect((await api("GET", "/auth/me", { token: mine.access_token })).status).toBe(401)
    expect((await auditOf(org.id)).map(({ action }) => action)).toContain("identity.session.revoke")
  })

  test("used first by the thief ends with the owner's next refresh, thief included", async () => {
    const { owner } = await signUp()
    const thief = (await refresh(owner.refreshToken)).body
    expect((await refresh(owner.refreshToken)).body.code).toBe("TOKEN_REUSED")
    expect((await refresh(thief.refresh_token)).status).toBe(401)
    expect((await api("GET", "/auth/me", { token: thief.access_token })).status).toBe(401)
  })

  test("raced by owner and thief gives one pair at most, which is dead by then", async () => {
    const { owner } = await signUp()
    const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => refresh(owner.refreshToken, from(`192.0.2.${n + 1}`))))
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    expect((await api("GET", "/auth/me", { token: won[0]?.body.access_token })).status).toBe(401)
  })

  test("replayed under the Idempotency-Key that its owner used gives no token", async () => {
    const { owner } = await signUp()
    const key = { "idempotency-key": unique("key") }
    expect((await refresh(owner.refreshToken, key)).body.access_token).toBeTruthy()
    expect((await refresh(owner.refreshToken, key)).body).toMatchObject({ access_token: null, refresh_token: null })
  })

  test("raced with signing out never outlives it", async () => {
    const { owner, token } = await signUp()
    const [, answer] = await Promise.all([api("POST", "/auth/logout", { token }), refresh(owner.refreshToken)])
    if (answer.status !== 200) return
    expect((await refresh(answer.body.refresh_token)).status).toBe(401)
    expect((await api("GET", "/auth/me", { token: answer.body.access_token })).status).toBe(401)
  })

  test("under another token's id, cut, grown or of another type is unknown and ends nobody's session", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const [id = "", secret = ""] = a.owner.refreshToken.split(".")
    const [other = ""] = b.owner.refreshToken.split(".")
    for (const forged of [
      `${other}.${secret}`,
      `${id}.`,
      id,
      `${id}.${secret}.${secret}`,
      `${id}.${secret.slice(0, -1)}`,
      " ",
      "rft_' OR 1=1 --.",
    ]) {
      expect((await refresh(forged)).body.code).toBe("UNAUTHENTICATED")
    }
    for (const odd of [null, 1, [a.owner.refreshToken], { $ne: "" }, true]) expect((await refresh(odd)).status).toBe(422)
    expect((await refresh(a.owner.refreshToken)).status).toBe(200)
    expect((await refresh(b.owner.refreshToken)).status).toBe(200)
  })
})

describe("talking up one's role", () => {
  test("a custom role cannot be named like a built-in one, like a revocation's subject or like a member of Object", async () => {
    const { org, token } = await signUp()
    const define = (name: unknown) => api("POST", "/roles", { token, body: { name, permissions: ["orders.order.read"] } })
    for (const name of ["owner", "admin", "super_admin", "system_bot"]) expect((await define(name)).body.code).toBe("CONFLICT")
    for (const name of ["Owner", "owner ", " owner", `${org.id}/owner`, "x/y", "__proto__", "own\u0065r\u0000", "оwner", "", "a"]) {
      expect((await define(name)).status).toBe(422)
    }
    // A name that every object has is a role like any other, with its own permissions and no more.
    expect((await define("constructor")).status).toBe(201)
    const person = await hire(token, "constructor")
    expect((await api("GET", "/auth/me", { token: person.token })).body.permissions).toEqual(["orders.order.read"])
  })

  test("nobody gets super_admin or a platform permission: by creation, assignment, invitation, role or key", async () => {
    const { owner, token } = await signUp()
    const roles = ["super_admin"]
    const email = newEmail()
    const attempts = [
      api("POST", "/users", { token, body: { email, full_name: "Eve", password, roles } }),
      api("POST", `/users/${owner.id}/roles`, { token, body: { roles: ["owner", ...roles] } }),
      api("POST", "/invitations", { token, body: { email, roles } }),
      api("POST", "/roles", { token, body: { name: "deputy", permissions: ["platform.organization.manage"] } }),
      api("POST", "/api-keys", { token, body: { name: "key", permissions: ["platform.audit.read"] } }),
    ]
    for (const { status } of await Promise.all(attempts)) expect(status).toBe(422)
  })

  test("an admin makes no owner and manages none: by user, roles, invitation, key, or by way of a custom role", async () => {
    const { owner, token } = await signUp()
    const admin = await hire(token, "admin")
    const as = { token: admin.token }
    const beyond = ["organizations.organization.deactivate"]
    const attempts = [
      api("POST", "/users", { ...as, body: { email: newEmail(), full_name: "Eve", password, roles: ["owner"] } }),
      api("POST", `/users/${admin.id}/roles`, { ...as, body: { roles: ["owner"] } }),
      api("POST", `/users/${owner.id}/roles`, { ...as, body: { roles: ["staff"] } }),
      api("PATCH", `/users/${owner.id}`, { ...as, body: { email: newEmail() } }),
      api("DELETE", `/users/${owner.id}`, as),
      api("POST", "/invitations", { ...as, body: { email: newEmail(), roles: ["owner"] } }),
      api("POST", "/roles", { ...as, body: { name: "deputy", permissions: beyond } }),
      api("POST", "/api-keys", { ...as, body: { name: "key", permissions: beyond } }),
    ]
    for (const { status } of await Promise.all(attempts)) expect(status).toBe(403)
    const { body: strong } = await api("POST", "/roles", { token, body: { name: "strong", permissions: beyond } })
    expect((await api("POST", `/users/${admin.id}/roles`, { ...as, body: { roles: ["admin", "strong"] } })).status).toBe(403)
    expect((await api("PATCH", `/roles/${strong.id}`, { ...as, body: { permissions: ["orders.order.read"] } })).status).toBe(403)
    const { body: weak } = await api("POST", "/roles", { token, body: { name: "weak", permissions: ["orders.order.read"] } })
    expect((await api("PATCH", `/roles/${weak.id}`, { ...as, body: { permissions: beyond } })).status).toBe(403)
    expect(
      (await api("PATCH", `/roles/${newId("rol", Date.now()) satisfies RoleId}`, { ...as, body: { permissions: beyond } })).status,
    ).toBe(404)
  })

  test("somebody demoted keeps nothing: neither their token nor what they could hand out with it", async () => {
    const { token } = await signUp()
    const admin = await hire(token, "admin")
    await api("POST", `/users/${admin.id}/roles`, { token, body: { roles: ["staff"] } })
    expect(
      (await api("POST", "/api-keys", { token: admin.token, body: { name: "later", permissions: ["orders.order.read"] } })).status,
    ).toBe(401)
    const fresh = (await api("POST", "/auth/refresh", { body: { refresh_token: admin.refreshToken } })).body.access_token
    expect((await api("POST", "/api-keys", { token: fresh, body: { name: "later", permissions: ["orders.order.read"] } })).status).toBe(403)
    expect((await api("POST", `/users/${admin.id}/roles`, { token: fresh, body: { roles: ["admin"] } })).status).toBe(403)
  })

  test("two owners who demote each other at once leave one", async () => {
    const { owner, token } = await signUp()
    const second = await hire(token, "owner")
    const [a, b] = await Promise.all([
      api("POST", `/users/${second.id}/roles`, { token, body: { roles: ["staff"] } }),
      api("POST", `/users/${owner.id}/roles`, { token: second.token, body: { roles: ["staff"] } }),
    ])
    expect([a.status, b.status].filter((status) => status === 200)).toHaveLength(1)
    const roles = await Promise.all(
      [owner, second].map(async ({ email }) => (await api("GET", "/auth/me", { token: (await signIn(email)).token })).body.roles),
    )
    expect(roles.flat().filter((role) => role === "owner")).toHaveLength(1)
  })
})
