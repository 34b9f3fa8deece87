import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import { ledgerWatchOf } from "../../../durable-objects/ledger-watch/client.ts"
import { getHealth, readyEndpoint } from "../../../src/domains/admin/health.ts"
import { getMetrics, outboxText } from "../../../src/domains/admin/metrics.ts"
import { Readiness } from "../../../src/domains/admin/readiness.ts"
import { newId } from "../../../src/kernel/ids.ts"
import type { Bindings } from "../../../src/platform/env.ts"
import { metrics } from "../../../src/platform/log/metrics.ts"
import { observerOf } from "../../../src/platform/log/observe.ts"
import { Sentry } from "../../../src/platform/log/sentry.ts"
import { appOf, asPlatformStaff, signedIn } from "../../support/app.ts"

vi.spyOn(console, "error").mockImplementation(() => undefined)
vi.spyOn(console, "log").mockImplementation(() => undefined)

const never = () => new Promise<never>(() => undefined)
const broken = () => Promise.reject(new Error("s3cret detail of the platform"))

describe("liveness", () => {
  test("asks nobody but the Worker", async () => {
    const response = await appOf([getHealth], { env: { ...env, DB: undefined } as unknown as Bindings })("/health")
    expect([response.status, await response.json()]).toEqual([200, { status: "OK" }])
    expect(response.headers.get("cache-control")).toBe("no-store")
  })
})

describe("readiness", () => {
  const ready = (bindings: Bindings = env, options: { timeoutMs?: number; clock?: () => number } = {}) =>
    appOf([readyEndpoint(new Readiness(options.timeoutMs))], {
      env: bindings,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    })

  test("is given when the database, the objects, the bucket and the queue all answer", async () => {
    const response = await ready()("/health/ready")
    const ok = { status: "OK", duration_ms: expect.any(Number) }
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: "READY", checks: { d1: ok, durable_objects: ok, r2: ok, queue: ok } })
  })

  const failing: ReadonlyArray<readonly [string, Partial<Record<keyof Bindings, unknown>>]> = [
    ["d1", { DB: { prepare: () => ({ bind: () => undefined }), batch: broken } }],
    ["durable_objects", { LEDGER_WATCH: { idFromName: () => "x", get: () => ({ ping: broken }) } }],
    ["r2", { FILES: { head: broken } }],
    ["queue", { EVENTS: { send: broken } }],
  ]
  test.each(failing)("is refused by name when %s fails, without its reasons", async (part, bindings) => {
    const response = await ready({ ...env, ...bindings } as Bindings)("/health/ready")
    expect(response.status).toBe(503)
    expect(response.headers.get("content-type")).toBe("application/problem+json")
    expect(response.headers.get("retry-after")).toBe("5")
    const text = await response.text()
    const problem = JSON.parse(text)
    expect(problem).toMatchObject({ code: "UNAVAILABLE", detail: `Not answering: ${part}.` })
    expect(
      Object.entries(problem.checks)
        .filter(([, check]) => (check as { status: string }).status === "FAILED")
        .map(([name]) => name),
    ).toEqual([part])
    expect(text).not.toContain("s3cret")
  })

  test("does not wait for what hangs", async () => {
    const response = await ready({ ...env, FILES: { head: never } } as unknown as Bindings, { timeoutMs: 50 })("/health/ready")
    expect(await response.json()).toMatchObject({ status: 503, checks: { r2: { status: "FAILED" }, d1: { status: "OK" } } })
  })

  test("INV-ADM-1: is asked of the platform at most once in five seconds, however many ask", async () => {
    const head = vi.fn(async () => null)
    let now = 1_000_000
    const ask = ready({ ...env, FILES: { head } } as unknown as Bindings, { clock: () => now })
    await Promise.all(Array.from({ length: 20 }, () => ask("/health/ready")))
    now += 4_999
    await ask("/health/ready")
    expect(head).toHaveBeenCalledTimes(1)
    now += 1
    await ask("/health/ready")
    expect(head).toHaveBeenCalledTimes(2)
  })
})

describe("metrics", () => {
  const ask = appOf([getMetrics, getHealth], { observer: observerOf({ metrics, sentry: new Sentry() }) })

  test("are the platform's: refused to everybody else", async () => {
    expect((await ask("/metrics")).status).toBe(401)
    expect((await ask("/metrics", { headers: await signedIn({ orgId: newId("org", 1), roles: ["owner"] }) })).status).toBe(403)
  })

  test("tell requests, and how far ledgers are behind", async () => {
    await ask("/health")
    const late = { routing: 7, orgId: newId("org", 1), since: Date.now() - 60_000, depth: 12 }
    await ledgerWatchOf(env).report(late, Date.now())
    const response = await ask("/metrics", { headers: await asPlatformStaff() })
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
    const text = await response.text()
    expect(text).toMatch(/waybill_requests_total\{route="\/health",method="GET",status="2xx"\} \d+\n/)
    expect(text).toContain("waybill_outbox_ledgers_behind 1\n")
    expect(text).toContain("waybill_outbox_depth 12\n")
    expect(Number(/waybill_outbox_oldest_age_seconds ([\d.]+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(60)
    await ledgerWatchOf(env).leave(7)
  })

  test("INV-ADM-2: are there when the objects are not, and then claim nothing about outboxes", async () => {
    const bindings = { ...env, LEDGER_WATCH: { idFromName: () => "x", get: () => ({ behind: broken }) } } as unknown as Bindings
    const text = await (await appOf([getMetrics], { env: bindings })("/metrics", { headers: await asPlatformStaff() })).text()
    expect(text).toContain("waybill_ledger_watch_up 0\n")
    expect(text).not.toContain("waybill_outbox")
    expect(outboxText({ count: 0, oldestSince: null, depth: 0, ledgers: [] }, 1)).toContain("waybill_outbox_oldest_age_seconds 0\n")
  })
})
