import { env } from "cloudflare:workers"
import { type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose"
import { beforeAll, describe, expect, test } from "vitest"
import { hmacHex } from "../../src/kernel/digest.ts"
import { newId, platformOrganizationId } from "../../src/kernel/ids.ts"
import { configOf } from "../../src/platform/env.ts"
import { d1 } from "../support/ledger.ts"
import { api, hire, platformStaff, signIn, signUp, unique, type World } from "../support/world.ts"
import { deployed } from "./deployment.ts"

/** Tokens that nobody issued, and tokens that were once good. Real ones are taken apart and put together again. */

const keys = configOf(env).JWT_KEYS
const [signing] = keys
if (signing === undefined) throw new Error("the tests have a key ring")

const encode = (value: unknown): string => {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : new TextEncoder().encode(JSON.stringify(value))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")
}
const decode = (part: string): Record<string, unknown> =>
  JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>
const partsOf = (token: string) => token.split(".") as [string, string, string]

/** A token with the claims and header given, signed by our own key: only what is said can be wrong with it. */
const signed = (payload: JWTPayload, header: Record<string, unknown> = {}, secret: string = signing.secret): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: "HS256", kid: signing.kid, typ: "JWT", ...header }).sign(new TextEncoder().encode(secret))

let world: World
let claims: Record<string, unknown>
const me = (token: string) => api("GET", "/auth/me", { token })

async function expectRefused(token: string, code = "UNAUTHENTICATED"): Promise<void> {
  const { status, body, headers } = await me(token)
  expect([status, body.code]).toEqual([401, code])
  expect(headers.get("www-authenticate")).toContain("Bearer")
}

beforeAll(async () => {
  world = await signUp()
  claims = decode(partsOf(world.token)[1])
})

test("what these tests sign themselves is good until something about it is forged", async () => {
  expect((await me(await signed(claims))).status).toBe(200)
})

describe("a forged token is refused", () => {
  test("with alg none, in any spelling, with or without a signature", async () => {
    const [, payload, signature] = partsOf(world.token)
    for (const alg of ["none", "None", "NONE", "nOnE", "", null, undefined]) {
      for (const end of ["", signature]) await expectRefused(`${encode({ alg, typ: "JWT", kid: signing.kid })}.${payload}.${end}`)
      await expectRefused(`${encode({ alg, typ: "JWT" })}.${payload}.`)
    }
  })

  test("with another algorithm than ours, our key's own HMAC among them", async () => {
    await expectRefused(await signed(claims, { alg: "HS384" }, `${signing.secret}${signing.secret}`))
    await expectRefused(await signed(claims, { alg: "HS512" }, `${signing.secret}${signing.secret}`))
    const [, payload, signature] = partsOf(world.token)
    for (const alg of ["RS256", "ES256", "PS256", "EdDSA", "HS256 "])
      await expectRefused(`${encode({ alg, typ: "JWT", kid: signing.kid })}.${payload}.${signature}`)
  })

  test("signed by an asymmetric key that its own header brings (jwk, jku, x5u, x5c)", async () => {
    const pair = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"])) as CryptoKeyPair
    const jwk = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JWK
    for (const extra of [{ jwk }, { jku: "https://evil.example/jwks.json" }, { x5u: "https://evil.example/x" }, { x5c: ["MIIB"] }]) {
      const header = { alg: "ES256", typ: "JWT", kid: signing.kid, ...extra } as JWTHeaderParameters
      await expectRefused(await new SignJWT(claims).setProtectedHeader(header).sign(pair.privateKey))
    }
    const symmetric = { kty: "oct", k: encode("a-key-that-the-header-brings-along-0000") }
    await expectRefused(await signed(claims, { jwk: symmetric }, "a-key-that-the-header-brings-along-0000"))
  })

  test("by an empty, short, guessed or public secret, and by the kid of one key with the secret of another", async () => {
    const guesses = ["\0", "secret", "waybill", signing.kid, "local-development-signing-key-never-used-in-production", `${signing.secret} `]
    for (const secret of guesses) await expectRefused(await signed(claims, {}, secret))
    const [, other] = keys
    if (other === undefined) throw new Error("the tests' ring has two keys")
    await expectRefused(await signed(claims, { kid: other.kid }, signing.secret))
    expect((await me(await signed(claims, { kid: other.kid }, other.secret))).status).toBe(200)
  })

  test("by a kid that is missing, a path, SQL, a list, a number or a member of Object", async () => {
    const kids = [
      undefined,
      "",
      "nope",
      "../../../../dev/null",
      "test1' OR '1'='1",
      "test1\0",
      ["test2"],
      { kid: "test2" },
      0,
      null,
      true,
      "__proto__",
      "constructor",
      "toString",
      "0",
    ]
    for (const kid of kids) {
      const [, payload] = partsOf(world.token)
      const head = encode({ alg: "HS256", typ: "JWT", ...(kid === undefined ? {} : { kid }) })
      const signature = await hmacHex(signing.secret, `${head}.${payload}`)
      const bytes = Uint8Array.from(signature.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16))
      await expectRefused(
        `${head}.${payload}.${btoa(String.fromCharCode(...bytes))
          .replaceAll("+", "-")
          .replaceAll("/", "_")
          .replace(/=+$/, "")}`,
      )
    }
  })

  test("with any claim changed under the old signature, or any byte of the signature", async () => {
    const [head, , signature] = partsOf(world.token)
    const changes = [
      { roles: ["super_admin"] },
      { org: platformOrganizationId },
      { sub: newId("usr", Date.now()) },
      { exp: 99_999_999_999 },
      { perms: ["platform.audit.read"] },
      { ro: false },
    ]
    for (const change of changes) await expectRefused(`${head}.${encode({ ...claims, ...change })}.${signature}`)
    const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1)
    for (const end of [flipped, signature.slice(0, -2), `${signature}AA`, "", "AAAA"])
      await expectRefused(`${partsOf(world.token).slice(0, 2).join(".")}.${end}`)
  })

  test("with our signature but another issuer, audience, type or critical header", async () => {
    for (const change of [{ iss: "elsewhere" }, { aud: "another-api" }, { iss: undefined }, { aud: undefined }, { aud: [] }])
      await expectRefused(await signed({ ...claims, ...change } as JWTPayload))
    for (const typ of ["at+jwt", "JWE", "reset", undefined]) await expectRefused(await signed(claims, { typ }))
    const head = encode({ alg: "HS256", typ: "JWT", kid: signing.kid, crit: ["exp"], exp: 1 })
    await expectRefused(`${head}.${partsOf(world.token)[1]}.${partsOf(world.token)[2]}`)
  })

  test("with our signature but without its time, expired, or with claims of other kinds", async () => {
    const seconds = Math.floor(Date.now() / 1000)
    await expectRefused(await signed({ ...claims, iat: seconds - 1000, exp: seconds - 1 }), "TOKEN_EXPIRED")
    await expectRefused(await signed({ ...claims, nbf: seconds + 1000 }))
    for (const gone of ["exp", "iat", "sub", "org", "sid"])
      await expectRefused(await signed({ ...claims, [gone]: undefined } as JWTPayload))
    for (const wrong of [
      { sub: world.org.id },
      { org: world.owner.id },
      { sid: "x" },
      { roles: "owner" },
      { roles: [1] },
      { perms: "all" },
    ]) {
      await expectRefused(await signed({ ...claims, ...wrong } as JWTPayload))
    }
  })

  test("that is no token at all, two of them, an encrypted one, or one in the wrong place", async () => {
    const jwe = `${encode({ alg: "dir", enc: "A128GCM", kid: signing.kid })}..a.b.c`
    for (const text of [
      "x",
      "a.b",
      "a.b.c",
      "a.b.c.d",
      "...",
      jwe,
      "null",
      "undefined",
      "{}",
      "wbk_",
      `wbk_${"x".repeat(43)}`,
      "wbk_' OR 1=1 --",
    ])
      await expectRefused(text)
    for (const authorization of [
      `Bearer ${world.token} ${world.token}`,
      `Bearer ${world.token}, Bearer ${world.token}`,
      world.token,
      `Basic ${btoa("a:b")}`,
      "Bearer",
      `Token ${world.token}`,
    ]) {
      expect((await api("GET", "/auth/me", { headers: { authorization } })).status).toBe(401)
    }
    for (const path of [`/auth/me?access_token=${world.token}`, `/auth/me?token=${world.token}`])
      expect((await api("GET", path)).status).toBe(401)
    expect((await api("GET", "/auth/me", { headers: { cookie: `token=${world.token}; access_token=${world.token}` } })).status).toBe(401)
  })

  test("whose signature the API itself was made to compute: a body under an Idempotency-Key is no token's first half", async () => {
    const [head] = partsOf(world.token)
    const wanted = { ...claims, org: platformOrganizationId, roles: ["super_admin"] }
    const unsigned = `${head}.${encode(wanted)}`
    const { body } = await api("POST", "/invitations", {
      token: world.token,
      body: { email: `${unique("guest")}@example.test`, roles: ["staff"] },
    })
    const answer = await api("DELETE", `/invitations/${body.id}`, {
      token: world.token,
      headers: { "idempotency-key": unique("oracle"), "content-type": "application/json" },
      body: unsigned,
    })
    expect(answer.status).toBe(204)
    const kept = await env.DB.prepare("select request_hash from idempotency_keys where org_id = ? order by created_at desc limit 1")
      .bind(world.org.id)
      .first<{ request_hash: string }>()
    const hash = kept?.request_hash ?? ""
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    const bytes = Uint8Array.from(hash.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16))
    await expectRefused(
      `${unsigned}.${btoa(String.fromCharCode(...bytes))
        .replaceAll("+", "-")
        .replaceAll("/", "_")
        .replace(/=+$/, "")}`,
    )
  })

  test("that carries a platform's permission as a custom role's: such a one counts for nothing", async () => {
    const { body } = await api("GET", "/organizations", {
      token: await signed({ ...claims, roles: ["owner"], perms: ["platform.organization.manage"] }),
    })
    expect(body.code).toBe("FORBIDDEN")
  })
})

describe("a token that was good is refused from the moment that", () => {
  test("its user is disabled, signs out, or the organization is deactivated", async () => {
    const { org, token } = await signUp()
    const [fired, leaver, colleague] = [await hire(token, "manager"), await hire(token, "manager"), await hire(token, "manager")]
    await api("DELETE", `/users/${fired.id}`, { token })
    await api("POST", "/auth/logout", { token: leaver.token })
    await expectRefused(fired.token, "TOKEN_EXPIRED")
    await expectRefused(leaver.token, "TOKEN_EXPIRED")
    expect((await me(colleague.token)).status).toBe(200)
    await api("DELETE", `/organizations/${org.id}`, { token })
    await expectRefused(colleague.token, "TOKEN_EXPIRED")
  })

  test("its custom role says less, and the key of an API is revoked, whatever this isolate remembers", async () => {
    const { token } = await signUp()
    const { body: role } = await api("POST", "/roles", {
      token,
      body: { name: "counter", permissions: ["orders.order.read", "catalog.product.edit"] },
    })
    const person = await hire(token, "counter")
    await api("PATCH", `/roles/${role.id}`, { token, body: { permissions: ["orders.order.read"] } })
    await expectRefused(person.token, "TOKEN_EXPIRED")
    const { body: key } = await api("POST", "/api-keys", { token, body: { name: "scanner", permissions: ["orders.order.read"] } })
    expect((await api("GET", "/orders/my-orders", { token: key.secret })).status).toBe(200)
    await api("DELETE", `/api-keys/${key.id}`, { token })
    expect((await api("GET", "/orders/my-orders", { token: key.secret })).status).toBe(401)
  })

  test("the API key's time is over, and its organization's archive is closed, also while it is remembered", async () => {
    const { org, token } = await signUp()
    const { body: key } = await api("POST", "/api-keys", {
      token,
      body: {
        name: "brief",
        permissions: ["catalog.product.edit", "catalog.product.read"],
        expires_at: new Date(Date.now() + 60_000).toISOString(),
      },
    })
    const { body: lasting } = await api("POST", "/api-keys", {
      token,
      body: { name: "lasting", permissions: ["catalog.product.edit", "catalog.product.read"] },
    })
    for (const { secret } of [key, lasting]) expect((await api("GET", "/products", { token: secret })).status).toBe(200)
    const inAMinute = deployed({}, () => Date.now() + 61_000)
    const late = await inAMinute("http://api.waybill.test/api/v1/products", { headers: { authorization: `Bearer ${key.secret}` } })
    expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([401, "TOKEN_EXPIRED"])
    await api("DELETE", `/organizations/${org.id}`, { token })
    expect((await api("GET", "/products", { token: lasting.secret })).status).toBe(200)
    const write = await api("POST", "/products", { token: lasting.secret, body: { sku: "X", name: "X", price: "1.00" } })
    expect(write.body.code).toBe("ORGANIZATION_DEACTIVATED")
  })

  test("an API key is nobody: no profile, no password, no sessions, and never more than its permissions", async () => {
    const { token } = await signUp()
    const { body: key } = await api("POST", "/api-keys", { token, body: { name: "narrow", permissions: ["identity.api-key.manage"] } })
    const as = { token: key.secret as string }
    for (const path of ["/auth/me", "/auth/sessions"]) expect((await api("GET", path, as)).status).toBe(403)
    expect((await api("POST", "/auth/logout", as)).status).toBe(403)
    expect((await api("POST", "/api-keys", { ...as, body: { name: "wide", permissions: ["orders.order.read"] } })).status).toBe(403)
    expect((await api("GET", "/users", as)).status).toBe(403)
  })
})

describe("platform staff who name an organization", () => {
  test("enter it only while they may manage organizations", async () => {
    const [a, staff] = [await signUp(), await platformStaff()]
    const enter = async (token: string) => (await api("GET", "/links/my-links", { token, headers: { "x-tenant-id": a.org.id } })).body.code
    expect(await enter(staff.token)).toBeUndefined()
    await d1("update users set roles = '[\"manager\"]' where id = ?", staff.id)
    expect(await enter((await signIn(staff.email)).token)).toBe("TENANT_MISMATCH")
  })

  test("by header and by subdomain name one, or are refused; so is everybody else", async () => {
    const [a, b, staff] = [await signUp(), await signUp(), await platformStaff()]
    const call = async (token: string, host: string, tenant?: string) => {
      const headers = { authorization: `Bearer ${token}`, ...(tenant === undefined ? {} : { "x-tenant-id": tenant }) }
      return (await deployed({})(`http://${host}/api/v1/links/my-links`, { headers })).status
    }
    const at = (slug: string) => `${slug}.waybill.test`
    expect(await call(a.token, at(a.org.slug), a.org.id)).toBe(200)
    expect(await call(a.token, at(b.org.slug), a.org.id)).toBe(403)
    expect(await call(a.token, at(a.org.slug), b.org.id)).toBe(403)
    expect(await call(a.token, at(a.org.slug), b.org.slug)).toBe(403)
    expect(await call(staff.token, at(a.org.slug), a.org.id)).toBe(200)
    expect(await call(staff.token, at(b.org.slug), a.org.id)).toBe(403)
    expect(await call(staff.token, "api.waybill.test", platformOrganizationId)).toBe(404)
    expect(await call(staff.token, "api.waybill.test", "waybill-platform")).toBe(404)
  })

  test("act on no other from there, so that one organization's trail never tells of another", async () => {
    const [a, b, staff] = [await signUp(), await signUp(), await platformStaff()]
    const inA = { token: staff.token, headers: { "x-tenant-id": a.org.id } }
    const attempts = [
      api("GET", `/audit-logs?organization_id=${b.org.id}`, inA),
      api("POST", `/admin/ledgers/${b.org.id}/rebuild`, inA),
      api("GET", `/admin/ledgers/${b.org.id}/reconciliation`, inA),
    ]
    for (const { status, body } of await Promise.all(attempts)) expect([status, body.code]).toEqual([403, "TENANT_MISMATCH"])
    const { results } = await env.DB.prepare("select entity_id, after from audit_logs where org_id = ?").bind(a.org.id).all()
    expect(JSON.stringify(results)).not.toContain(b.org.id)
    expect((await api("GET", `/audit-logs?organization_id=${b.org.id}`, { token: staff.token })).status).toBe(200)
  })

  test("leave a row on the platform's own trail for each request, with its route", async () => {
    const [a, staff] = [await signUp(), await platformStaff()]
    expect((await api("GET", "/users", { token: staff.token, headers: { "x-tenant-id": a.org.slug } })).status).toBe(200)
    const row = await env.DB.prepare(
      "select entity_id, after from audit_logs where org_id = ? and actor_id = ? and action = 'platform.organization.enter'",
    )
      .bind(platformOrganizationId, staff.id)
      .first<{ entity_id: string; after: string }>()
    expect([row?.entity_id, JSON.parse(row?.after ?? "{}")]).toEqual([a.org.id, { method: "GET", route: "/api/v1/users" }])
  })
})
