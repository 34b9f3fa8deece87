import { env } from "cloudflare:workers"
import { z } from "@hono/zod-openapi"
import { sql } from "drizzle-orm"
import { afterEach, describe, expect, test, vi } from "vitest"
import { newId } from "../../src/kernel/ids.ts"
import { noCost } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { endpoint, publicEndpoint } from "../../src/platform/http/endpoint.ts"
import { reply } from "../../src/platform/http/reply.ts"
import { Metrics } from "../../src/platform/log/metrics.ts"
import { observerOf } from "../../src/platform/log/observe.ts"
import type { Observer, RequestRecord } from "../../src/platform/log/observer.ts"
import { Sentry, traceRate } from "../../src/platform/log/sentry.ts"
import { appOf, signedIn } from "../support/app.ts"
import { captureLog, logLines } from "../support/log-lines.ts"

const success = { status: 200, description: "Done.", schema: z.object({}) } as const
const base = { method: "post", tag: "Test", summary: "test", access: "public", success } as const

const fine = publicEndpoint({ ...base, operationId: "fine", method: "get", path: "/fine" }, () => reply.ok({}))
const broken = publicEndpoint(
  { ...base, operationId: "broken", path: "/broken/{id}", params: z.object({ id: z.string() }), body: z.object({ password: z.string() }) },
  () => {
    throw new Error("the handler broke")
  },
)
const reads = endpoint({ ...base, operationId: "reads", method: "get", path: "/reads", access: "audit.log.read" }, async (ctx) => {
  await ctx.db.query((orgId) => sql`select 1 from audit_logs where org_id = ${orgId}`)
  return reply.ok({})
})

/** Sentry's ingestion, seen from outside: what leaves is kept. */
function ingestion(answer: () => Response = () => new Response("{}")) {
  const sent: Array<{ readonly url: string; readonly text: string }> = []
  const fetcher = (async (input: RequestInfo | URL, init?: RequestInit) => {
    sent.push({ url: String(input), text: typeof init?.body === "string" ? init.body : new TextDecoder().decode(init?.body as Uint8Array) })
    return answer()
  }) as typeof fetch
  return { sent, fetcher }
}

const withSentry: Bindings = { ...env, SENTRY_DSN: "https://key@sentry.example/42" }

afterEach(() => vi.restoreAllMocks())

const observed = (options: { sentry?: Sentry; metrics?: Metrics } = {}) =>
  observerOf({ sentry: options.sentry ?? new Sentry(), metrics: options.metrics ?? new Metrics() })

describe("a request's log line", () => {
  test("is one line of JSON with id, organization, route, status, duration and cost", async () => {
    captureLog()
    const orgId = newId("org", 1)
    const ask = appOf([reads], { observer: observed() })
    await ask("/api/v1/reads", { headers: { ...(await signedIn({ orgId, roles: ["owner"] })), "x-request-id": "req_given_by_me" } })
    expect(logLines).toHaveLength(1)
    expect(logLines[0]).toMatchObject({
      level: "info",
      message: "request",
      request_id: "req_given_by_me",
      organization: orgId,
      method: "GET",
      route: "/api/v1/reads",
      status: 200,
    })
    expect(logLines[0]?.["d1_trips"]).toBeGreaterThanOrEqual(1)
    expect(logLines[0]?.["duration_ms"]).toBeTypeOf("number")
  })

  test("holds no secret of the request, also when the handler breaks", async () => {
    captureLog()
    const ask = appOf([broken], { observer: observed() })
    const response = await ask("/api/v1/broken/17", {
      method: "POST",
      headers: { authorization: "Bearer s3cret-token", cookie: "session=s3cret-cookie", "content-type": "application/json" },
      body: JSON.stringify({ password: "s3cret-password" }),
    })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain("the handler broke")
    expect(logLines.map((line) => line["message"])).toEqual(["request", "failure"])
    expect(logLines[0]).toMatchObject({ level: "error", code: "INTERNAL", error: "Error: the handler broke" })
    expect(JSON.stringify(logLines)).not.toContain("s3cret")
  })
})

describe("metrics", () => {
  test("INV-ADM-2: count requests by route and not by path, problems by code, and what D1 did", async () => {
    captureLog()
    const metrics = new Metrics()
    const ask = appOf([fine, broken], { observer: observed({ metrics }) })
    await ask("/api/v1/fine")
    await ask("/api/v1/fine?unknown=1")
    for (const id of ["1", "2", "3"])
      await ask(`/api/v1/broken/${id}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ password: "x" }),
      })
    const text = metrics.render()
    expect(text).toContain('waybill_requests_total{route="/api/v1/fine",method="GET",status="2xx"} 1\n')
    expect(text).toContain('waybill_requests_total{route="/api/v1/fine",method="GET",status="4xx"} 1\n')
    expect(text).toContain('waybill_requests_total{route="/api/v1/broken/{id}",method="POST",status="5xx"} 3\n')
    expect(text).toContain('waybill_errors_total{code="INTERNAL"} 3\n')
    expect(text).toContain('waybill_errors_total{code="VALIDATION_FAILED"} 1\n')
    expect(text).toContain('waybill_request_duration_seconds_count{route="/api/v1/fine",method="GET"} 2\n')
    expect(text).toContain('waybill_request_duration_seconds_bucket{route="/api/v1/fine",method="GET",le="+Inf"} 2\n')
  })

  test("are Prometheus text: each metric has its type, buckets only grow, labels are escaped", () => {
    const metrics = new Metrics()
    const cost = { ...noCost, d1Trips: 1, d1RowsRead: 51, objectCalls: 2 }
    for (const durationMs of [1, 30, 400, 60_000]) metrics.request(record({ durationMs, cost, route: '/odd"path\\\n' }))
    const text = metrics.render()
    for (const line of text.trim().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) waybill_\w+ .+|waybill_\w+(\{([a-z_]+="(\\.|[^"\\])*",?)+\})? [\d.e+-]+)$/)
    const buckets = [...text.matchAll(/duration_seconds_bucket\{.*le="([^"]+)"\} (\d+)/g)].map(([, , count]) => Number(count))
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b))
    expect(buckets.at(-1)).toBe(4)
    expect(text).toContain('waybill_d1_rows_read_total{route="/odd\\"path\\\\\\n",method="GET"} 204\n')
    expect(text).toContain("} 8\n")
  })
})

const record = (more: Partial<RequestRecord> = {}): RequestRecord => ({
  requestId: "req_1",
  organizationId: null,
  actorId: null,
  method: "GET",
  route: "/x",
  status: 200,
  durationMs: 12,
  cost: noCost,
  ...more,
})

describe("Sentry", () => {
  test("gets an unexpected error with its stack and nothing secret of the request", async () => {
    captureLog()
    const { sent, fetcher } = ingestion()
    const ask = appOf([broken], { env: withSentry, observer: observed({ sentry: new Sentry({ fetcher, random: () => 1 }) }) })
    await ask("/api/v1/broken/17", {
      method: "POST",
      headers: {
        authorization: "Bearer s3cret-token",
        cookie: "session=s3cret-cookie",
        "x-api-key": "s3cret-key",
        "user-agent": "curl/8",
        "content-type": "application/json",
      },
      body: JSON.stringify({ password: "s3cret-password" }),
    })
    expect(sent).toHaveLength(1)
    expect(sent[0]?.url).toContain("https://sentry.example/api/42/envelope/")
    const event = JSON.parse(sent[0]?.text.split("\n")[2] ?? "")
    expect(event.exception.values[0]).toMatchObject({ type: "Error", value: "the handler broke" })
    expect(event.exception.values[0].stacktrace.frames.length).toBeGreaterThan(0)
    expect(event.request).toEqual({
      method: "POST",
      url: "http://waybill.test/api/v1/broken/17",
      headers: { "content-type": "application/json", "user-agent": "curl/8" },
    })
    expect(event.environment).toBe("development")
    expect(sent[0]?.text).not.toContain("s3cret")
  })

  test("gets the trace of every request in development, of one in ten in production", async () => {
    captureLog()
    expect([traceRate("development"), traceRate("production")]).toEqual([1, 0.1])
    const trace = async (environment: string, random: number) => {
      const { sent, fetcher } = ingestion()
      const bindings: Bindings = { ...withSentry, ENVIRONMENT: environment }
      await appOf([fine], { env: bindings, observer: observed({ sentry: new Sentry({ fetcher, random: () => random }) }) })("/api/v1/fine")
      return sent
    }
    const [sent] = await trace("development", 0.99)
    expect(JSON.parse(sent?.text.split("\n")[2] ?? "")).toMatchObject({
      type: "transaction",
      transaction: "GET /api/v1/fine",
      contexts: { trace: { op: "http.server" } },
    })
    expect(await trace("production", 0.11)).toEqual([])
    expect(await trace("production", 0.09)).toHaveLength(1)
  })

  test("is not told of refusals, nor of anything where it is not configured", async () => {
    captureLog()
    const { sent, fetcher } = ingestion()
    const observer = observed({ sentry: new Sentry({ fetcher, random: () => 1 }) })
    await appOf([fine], { env: withSentry, observer })("/api/v1/fine?unknown=1")
    await appOf([broken], { observer })("/api/v1/broken/1", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ password: "x" }),
    })
    expect(sent).toEqual([])
  })
})

describe("INV-LOG-1: no observer fails a request", () => {
  test("neither a Sentry that cannot be reached nor a broken metric", async () => {
    captureLog()
    const { fetcher } = ingestion(() => {
      throw new Error("unreachable")
    })
    const metrics = new Metrics()
    vi.spyOn(metrics, "request").mockImplementation(() => {
      throw new Error("a bug")
    })
    const observer: Observer = observed({ sentry: new Sentry({ fetcher, random: () => 0 }), metrics })
    const ask = appOf([fine], { env: withSentry, observer })
    expect((await ask("/api/v1/fine")).status).toBe(200)
    expect(logLines.filter((line) => line["message"] === "observer failed")).toHaveLength(1)
  })
})
