import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { type IdPrefix, mintId, type OrganizationId, routingOf } from "../../src/kernel/ids.ts"
import { fullPath } from "../../src/platform/http/endpoint.ts"
import { D1Faults } from "../support/d1-faults.ts"
import { png, uploaded } from "../support/files.ts"
import { market } from "../support/market.ts"
import { api, newEmail, password, signUp } from "../support/world.ts"
import { deployed, json } from "./deployment.ts"

/** What a deployment shows to whoever looks: production without its development tools, headers, errors, logs, trails, and ids made up. */

const production = deployed({
  ENVIRONMENT: "production",
  PUBLIC_URL: "https://api.waybill.example",
  CORS_ORIGINS: "https://app.waybill.example",
  EXPOSE_SERVER_TIMING: "false",
})
const at = (path: string) => `https://api.waybill.example${path}`

/** An answer with all that distinguishes it, but for what differs between any two requests. */
async function told(response: Response): Promise<unknown> {
  const headers = [...response.headers].filter(([name]) => name !== "x-request-id")
  const text = await response.text()
  return [response.status, headers, text.startsWith("{") ? { ...(JSON.parse(text) as object), request_id: null } : text]
}

describe("in production", () => {
  const developmentOnly = endpoints.map(({ spec }) => spec).filter((spec) => spec.isDevelopmentOnly === true)

  test("a development route answers whatever the method, body and caller exactly what an unknown path does", async () => {
    expect(developmentOnly.length).toBeGreaterThan(3)
    const { token } = await signUp()
    for (const spec of developmentOnly) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]) {
        for (const headers of [{}, { authorization: `Bearer ${token}` }] as Array<Record<string, string>>) {
          const init = {
            method,
            headers: { ...headers, "content-type": "application/json" },
            ...(["GET", "HEAD", "OPTIONS"].includes(method) ? {} : { body: "{}" }),
          }
          const unknown = await told(await production(at("/dev/nothing-of-the-kind"), init))
          for (const path of [fullPath(spec), `${fullPath(spec)}/`, `${fullPath(spec)}?to=a@example.test`])
            expect([path, await told(await production(at(path), init))]).toEqual([path, unknown])
        }
      }
    }
  })

  test("no mail is kept where somebody could read it, and no super_admin is made", async () => {
    const { owner } = await signUp()
    const mails = () => env.DB.prepare("select count(*) as n from kept_mails where recipient = ?").bind(owner.email).first<{ n: number }>()
    expect((await production(at("/api/v1/auth/forgot-password"), json({ email: owner.email }))).status).toBe(202)
    expect((await mails())?.n).toBe(0)
    const made = await production(at("/dev/super-admin"), json({ email: newEmail(), password, full_name: "Eve" }))
    expect(made.status).toBe(404)
  })

  test("the API document tells of no route that is not for everybody", async () => {
    const text = await (await production(at("/openapi.json"))).text()
    expect(text).not.toContain("/dev/")
    expect(text).not.toContain("devMakeSuperAdmin")
  })

  test("Server-Timing, which would tell a stranger what exists, is not sent", async () => {
    const response = await production(at("/api/v1/auth/token"), json({ email: newEmail(), password }))
    expect([response.status, response.headers.get("server-timing")]).toEqual([401, null])
  })
})

const onAll = {
  "strict-transport-security": "max-age=15552000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "cross-origin",
}
const ofData = { "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'" }
const ofPages = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  "cross-origin-opener-policy": "same-origin",
}
const ofUploads = { "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'" }

/** The answer to somebody who has it already. */
async function notModified(path: string, headers: Record<string, string>): Promise<Response> {
  const first = await production(at(path), { headers })
  await first.body?.cancel()
  return production(at(path), { headers: { ...headers, "if-none-match": first.headers.get("etag") ?? "" } })
}

const preflight = (origin: string): Promise<Response> =>
  production(at("/api/v1/products"), { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } })

describe("headers", () => {
  test("no origin but the configured one may read an answer, none with credentials, and caches are told that it varies", async () => {
    const allow = async (origin: string, init: RequestInit = {}) => {
      const { headers } = await production(at("/health"), { ...init, headers: { origin, "access-control-request-method": "POST" } })
      return [
        headers.get("access-control-allow-origin"),
        headers.get("access-control-allow-credentials"),
        headers.get("vary")?.includes("Origin"),
      ]
    }
    expect(await allow("https://app.waybill.example")).toEqual(["https://app.waybill.example", null, true])
    const others = [
      "https://evil.example",
      "null",
      "https://app.waybill.example.evil.example",
      "https://evilapp.waybill.example",
      "http://app.waybill.example",
      "https://APP.waybill.example",
      "*",
      "",
    ]
    for (const origin of others)
      for (const init of [{}, { method: "OPTIONS" }]) expect([origin, ...(await allow(origin, init))]).toEqual([origin, null, null, true])
  })

  test("say that nothing is framed, sniffed, run from elsewhere or referred from, on refusals too", async () => {
    for (const path of ["/health", "/api/v1/users", "/nothing"]) {
      const { headers } = await production(at(path))
      expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
      expect([headers.get("x-content-type-options"), headers.get("x-frame-options")]).toEqual(["nosniff", "DENY"])
      expect(headers.get("referrer-policy")).toBe("no-referrer")
      expect(headers.get("strict-transport-security")).toContain("max-age=")
      for (const name of ["server", "x-powered-by", "via"]) expect(headers.get(name)).toBeNull()
    }
  })

  test("of security are these and no others, on every kind of answer, to every origin", async () => {
    const { token } = await signUp()
    const signedIn = { authorization: `Bearer ${token}` }
    const me = await production(at("/api/v1/auth/me"), { headers: signedIn })
    const file = await uploaded(token, "product_image", await png(), "a.png")
    const content = `/api/v1/files/${file.id}/content`
    const elsewhere = { origin: "https://evil.example" }
    const answers: ReadonlyArray<readonly [what: string, status: number, more: Record<string, string>, answer: Response]> = [
      ["JSON", 200, ofData, me],
      ["a page", 200, ofPages, await production(at("/docs"))],
      ["an upload", 200, ofUploads, await production(at(content), { headers: signedIn })],
      ["an upload to another origin", 200, ofUploads, await production(at(content), { headers: { ...signedIn, ...elsewhere } })],
      // A cache lays the headers of a 304 over those that it keeps.
      ["data that one has already", 304, {}, await notModified("/openapi.json", {})],
      ["a page that one has already", 304, {}, await notModified("/docs", {})],
      ["an upload that one has already", 304, ofUploads, await notModified(content, signedIn)],
      ["no such path", 404, ofData, await production(at("/nothing"))],
      ["JSON to another origin", 200, ofData, await production(at("/health"), { headers: elsewhere })],
      ["no such path to another origin", 404, ofData, await production(at("/nothing"), { headers: elsewhere })],
      ["a preflight", 204, ofData, await preflight("https://app.waybill.example")],
      ["a preflight of another origin", 204, ofData, await preflight("https://evil.example")],
    ]
    for (const [what, status, more, answer] of answers) {
      const { headers } = answer
      await answer.body?.cancel()
      const security = [...headers].filter(
        ([name]) => /security|^x-|policy|embedder|opener|server|via/.test(name) && name !== "x-request-id",
      )
      expect([what, answer.status, Object.fromEntries(security)]).toEqual([what, status, { ...onAll, ...more }])
      expect([what, headers.get("x-request-id")]).toEqual([what, expect.stringMatching(/^req_/)])
    }
  })

  test("let a page of ours run its own scripts and load from here alone, asked from another origin too", async () => {
    for (const headers of [{}, { origin: "https://app.waybill.example" }] as Array<Record<string, string>>)
      for (const path of ["/docs", "/redoc"]) {
        const policy = (await production(at(path), { headers })).headers.get("content-security-policy")
        expect(policy).toMatch(/default-src 'none'; script-src 'self';.*frame-ancestors 'none'; base-uri 'none'; form-action 'self'/)
        expect(policy).not.toMatch(/script-src[^;]*unsafe/)
      }
  })

  test("an X-Request-Id comes back only if it is a plain word, and a hostile one never", async () => {
    const echo = async (id: string) => (await api("GET", "/nothing", { headers: { "x-request-id": id } })).headers.get("x-request-id")
    expect(await echo("client-chosen_1234")).toBe("client-chosen_1234")
    for (const id of [
      "<script>alert(1)</script>",
      "a b c d e f g h",
      "x".repeat(65),
      "short",
      "with;semicolon",
      '{"a":"bbbbbbb"}',
      "../../etc/passwd",
    ]) {
      const back = await echo(id)
      expect(back).not.toBe(id)
      expect(back).toMatch(/^req_[0-9a-f]{32}$/)
    }
  })

  test("no path and no method reaches a handler by another name", async () => {
    const { token } = await signUp()
    const headers = { authorization: `Bearer ${token}` }
    for (const path of [
      "//api/v1/users",
      "/api//v1/users",
      "/API/v1/users",
      "/api/v1/users%2f",
      "/api/v1/../v1/users/..%2f",
      "/api/v1/users;x=1",
      "/api/v1/%75sers/x/y",
    ]) {
      const { status } = await production(at(path), { headers })
      expect([path, [401, 404, 422].includes(status)]).toEqual([path, true])
    }
    for (const name of ["x-http-method-override", "x-method-override", "x-http-method"]) {
      const overridden = await production(at("/api/v1/users"), { headers: { ...headers, [name]: "DELETE" } })
      expect([name, overridden.status]).toEqual([name, 200])
    }
    for (const [name, value] of [
      ["x-original-url", "/api/v1/organizations"],
      ["x-rewrite-url", "/api/v1/organizations"],
    ] as const) {
      const body = (await (await production(at("/health"), { headers: { ...headers, [name]: value } })).json()) as object
      expect(body).toEqual({ status: "OK" })
    }
  })
})

describe("metrics", () => {
  test("are for the platform's staff: not for strangers, owners, or an API key with everything its organization has", async () => {
    const { token } = await signUp()
    const { body: me } = await api("GET", "/auth/me", { token })
    const { body: key } = await api("POST", "/api-keys", { token, body: { name: "all", permissions: me.permissions } })
    expect((await api("GET", "./metrics")).status).toBe(401)
    expect((await api("GET", "./metrics", { token })).status).toBe(403)
    expect((await api("GET", "./metrics", { token: key.secret })).status).toBe(403)
  })
})

describe("an error of ours", () => {
  test("says the request's id and nothing of the database, the code or the data", async () => {
    const { token } = await signUp()
    await api("GET", "/users", { token })
    using faults = new D1Faults()
    faults.fail()
    const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined)
    try {
      for (const path of ["/users", "/products", "/orders/my-orders", "/audit-logs"]) {
        const { status, body } = await api("GET", path, { token })
        expect(status).toBeGreaterThanOrEqual(500)
        expect(Object.keys(body).sort()).toEqual(["code", "request_id", "status", "title", "type"])
        expect(JSON.stringify({ ...body, request_id: "" })).not.toMatch(/D1|SQL|select|users\.|at \w+ \(|\.ts/i)
      }
    } finally {
      quiet.mockRestore()
    }
  })
})

describe("the log", () => {
  test("holds one JSON object a line whatever strangers send, and no password, token, secret or address", async () => {
    const lines: string[] = []
    const spies = (["log", "warn", "error"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((line: unknown) => void lines.push(String(line))),
    )
    const email = newEmail()
    const secret = "a-password-that-nobody-logs"
    let token = ""
    try {
      const organization = { name: "Firm", capabilities: ["supplier"] }
      const { body } = await api("POST", "/auth/register", { body: { email, password: secret, organization } })
      token = body.access_token
      const { body: key } = await api("POST", "/api-keys", { token, body: { name: "k", permissions: ["orders.order.read"] } })
      await api("GET", "/orders/my-orders", { token: key.secret })
      await api("POST", "/auth/token", { body: { email, password: `${secret}!` } })
      await api("POST", "/auth/refresh", { body: { refresh_token: body.refresh_token } })
      await api("GET", `/nothing\n{"level":"info","message":"forged"}?token=${token}`, {
        headers: { "user-agent": 'x"} {"level":"error"' },
      })
      for (const hidden of [body.refresh_token, key.secret]) expect(lines.join("\n")).not.toContain(hidden)
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    expect(lines.length).toBeGreaterThan(4)
    for (const line of lines) {
      expect(line).not.toContain("\n")
      expect(() => JSON.parse(line) as unknown).not.toThrow()
      for (const hidden of [secret, token, email]) expect(line).not.toContain(hidden)
    }
    expect(lines.some((line) => line.includes('"message":"forged"'))).toBe(false)
  })
})

describe("the audit trail", () => {
  test("says who really acted: neither body, headers nor address put another there, or anything that is no address", async () => {
    const { org, owner, token } = await signUp()
    const headers = {
      "user-agent": `curl <script> ${"x".repeat(2_000)}`,
      "cf-connecting-ip": "<script>alert(1)</script>",
      "x-forwarded-for": "192.0.2.66",
      "x-actor-id": "usr_x",
      "x-user": "admin",
    }
    await api("POST", "/roles", { token, headers, body: { name: "counter", permissions: ["orders.order.read"] } })
    const row = await env.DB.prepare("select * from audit_logs where org_id = ? and action = 'identity.role.define'")
      .bind(org.id)
      .first<Record<string, string | null>>()
    expect(row).toMatchObject({ actor_kind: "USER", actor_id: owner.id, ip_address: null })
    expect(row?.["user_agent"]).toHaveLength(300)
    const real = { "cf-connecting-ip": "2001:db8::66" }
    await api("POST", "/roles", { token, headers: real, body: { name: "packer", permissions: ["orders.order.read"] } })
    const { results } = await env.DB.prepare(
      "select ip_address from audit_logs where org_id = ? and action = 'identity.role.define' order by id",
    )
      .bind(org.id)
      .all()
    expect(results.map(({ ip_address }) => ip_address)).toEqual([null, "2001:db8::66"])
  })

  test("INV-AUD-1: is changed by nobody: no method but GET exists on it", async () => {
    const { token } = await signUp()
    const { body } = await api("GET", "/audit-logs", { token })
    for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
      for (const path of ["/audit-logs", `/audit-logs/${body.data[0].id}`]) expect((await api(method, path, { token })).status).toBe(405)
    }
  })
})

describe("ids that somebody makes up", () => {
  /** Another id with the same routing number: it reaches the same ledger. */
  const alias = <P extends IdPrefix>(prefix: P, of: string) =>
    mintId(prefix, { at: Date.now(), random: crypto.getRandomValues(new Uint8Array(10)), routing: routingOf(of as OrganizationId) })

  test("around a real supplier's routing number find nothing there, and write nothing there", async () => {
    const { supplier, body } = await market()
    const stranger = await signUp(["supplier", "buyer"])
    const as = { token: stranger.token }
    const rows = () => env.DB.prepare("select count(*) as n from orders where org_id = ?").bind(supplier.org.id).first<{ n: number }>()
    const before = await rows()
    for (const [method, path, payload] of [
      ["GET", `/products/${alias("prd", supplier.org.id)}`, undefined],
      ["GET", `/orders/${alias("ord", supplier.org.id)}`, undefined],
      ["GET", `/links/${alias("lnk", supplier.org.id)}`, undefined],
      ["PUT", `/orders/${alias("ord", supplier.org.id)}/status`, { status: "CANCELLED" }],
      ["PUT", `/links/${alias("lnk", supplier.org.id)}/status`, { status: "REMOVED" }],
      ["POST", `/orders/${alias("ord", supplier.org.id)}/reorder`, {}],
      ["GET", `/products/${body.items[0]?.product_id}`, undefined],
    ] as const) {
      expect([path, (await api(method, path, { ...as, ...(payload === undefined ? {} : { body: payload }) })).status]).toEqual([path, 404])
    }
    for (const supplier_id of [supplier.org.id, alias("org", supplier.org.id)]) {
      expect((await api("POST", "/orders", { ...as, body: { ...body, supplier_id } })).body.code).toBe("LINK_NOT_APPROVED")
    }
    expect(await rows()).toEqual(before)
  })

  test("place no order on behalf of another: neither as the supplier nor as the buyer of others", async () => {
    const { supplier, buyer, body } = await market()
    const stranger = await signUp(["supplier", "buyer"])
    const place = (token: string, more: object) => api("POST", "/orders", { token, body: { ...body, ...more } })
    expect((await place(stranger.token, { buyer_id: buyer.org.id })).status).toBe(403)
    expect((await place(stranger.token, { supplier_id: stranger.org.id, buyer_id: buyer.org.id })).body.code).toBe("LINK_NOT_APPROVED")
    expect((await place(stranger.token, { supplier_id: alias("org", supplier.org.id), buyer_id: buyer.org.id })).status).toBe(403)
    expect((await place(buyer.token, { buyer_id: supplier.org.id })).status).toBe(403)
    const real = await place(supplier.token, { buyer_id: buyer.org.id })
    expect(real.body.history[0].by.organization_id).toBe(supplier.org.id)
  })

  test("get a buyer no word of the supplier's internal note: not in an order, a list, a trail, an event or an ETag's other side", async () => {
    const { supplier, buyer, body } = await market()
    const { body: order } = await api("POST", "/orders", { token: buyer.token, body })
    const secret = "margin is thin here"
    expect(
      (await api("PUT", `/orders/${order.id}/status`, { token: buyer.token, body: { status: "CANCELLED", internal_note: "mine" } })).status,
    ).toBe(403)
    await api("PUT", `/orders/${order.id}/status`, { token: supplier.token, body: { status: "ACCEPTED", internal_note: secret } })
    for (const path of [`/orders/${order.id}`, "/orders/my-orders", `/orders/my-orders?q=${encodeURIComponent(secret)}`, "/audit-logs"]) {
      expect(JSON.stringify((await api("GET", path, { token: buyer.token })).body)).not.toMatch(/margin|internal_note/)
    }
    for (const table of ["orders", "events", "audit_logs"]) {
      const { results } = await env.DB.prepare(`select * from ${table} where org_id = ?`).bind(buyer.org.id).all()
      expect(JSON.stringify(results)).not.toContain(secret)
    }
    expect((await api("GET", `/orders/${order.id}`, { token: supplier.token })).body.internal_note).toBe(secret)
  })
})
