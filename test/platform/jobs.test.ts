import { env } from "cloudflare:workers"
import { afterEach, describe, expect, test, vi } from "vitest"
import { ledgerWatchOf } from "../../durable-objects/ledger-watch/client.ts"
import { cronTable, runCron } from "../../src/jobs.ts"
import { newId, newRoutingNumber } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { type Job, runJobs } from "../../src/platform/jobs/run.ts"
import { Metrics } from "../../src/platform/log/metrics.ts"
import { Sentry } from "../../src/platform/log/sentry.ts"
import wrangler from "../../wrangler.toml?raw"
import { captureLog, logLines } from "../support/log-lines.ts"

afterEach(() => vi.restoreAllMocks())

const deps = () => ({ metrics: new Metrics(), sentry: new Sentry() })

test("every environment's crons are exactly those that have jobs", () => {
  const lists = [...wrangler.matchAll(/^crons = (\[.*\])$/gm)].map(([, list = ""]) => JSON.parse(list) as string[])
  expect(lists).toHaveLength(3)
  for (const list of lists) expect([...list].sort()).toEqual(Object.keys(cronTable).sort())
})

describe("runJobs", () => {
  test("a job that fails stops no other, and is logged, counted and reported", async () => {
    captureLog()
    const ran: string[] = []
    const jobs: Job[] = [
      { name: "breaks", run: () => Promise.reject(new Error("no luck")) },
      {
        name: "throws",
        run: () => {
          throw new Error("at once")
        },
      },
      { name: "works", run: async (_env, meter, now) => void (meter.add({ d1Trips: 2 }), ran.push(String(now))) },
    ]
    const watching = deps()
    const told = vi.spyOn(watching.sentry, "failure")
    await runJobs(jobs, env, 42, watching)
    expect(ran).toEqual(["42"])
    expect(
      logLines
        .map(({ job, outcome, error, d1_trips }) => ({ job, outcome, error, d1_trips }))
        .sort((a, b) => String(a.job).localeCompare(String(b.job))),
    ).toEqual([
      { job: "breaks", outcome: "failed", error: "Error: no luck", d1_trips: 0 },
      { job: "throws", outcome: "failed", error: "Error: at once", d1_trips: 0 },
      { job: "works", outcome: "done", error: undefined, d1_trips: 2 },
    ])
    expect(watching.metrics.render()).toContain('waybill_jobs_total{job="breaks",outcome="failed"} 1\n')
    expect(watching.metrics.render()).toContain('waybill_jobs_total{job="works",outcome="done"} 1\n')
    expect(new Set(told.mock.calls.map(([, , { where }]) => where))).toEqual(new Set(["job breaks", "job throws"]))
  })
})

describe("cron", () => {
  test("all jobs run twice over without harm", async () => {
    captureLog()
    for (const cron of [...Object.keys(cronTable), ...Object.keys(cronTable)]) await runCron(cron, Date.now(), env, deps())
    expect(logLines.filter((line) => line["message"] === "job").map((line) => [line["job"], line["outcome"]])).toHaveLength(
      2 * Object.values(cronTable).flat().length,
    )
    expect(logLines.filter((line) => line["outcome"] === "failed")).toEqual([])
  })

  test("says which outboxes are late, and nothing when none is", async () => {
    captureLog()
    await runCron("* * * * *", Date.now(), env, deps())
    expect(logLines.filter((line) => line["message"] === "outboxes are late")).toEqual([])
    const late = { routing: newRoutingNumber(), orgId: newId("org", 1), since: 1_000_000, depth: 3 }
    await ledgerWatchOf(env).report(late, 1_010_000)
    await runCron("* * * * *", 1_060_000, env, deps())
    expect(logLines.find((line) => line["message"] === "outboxes are late")).toMatchObject({
      level: "warn",
      ledgers: 1,
      rows: 3,
      oldest_seconds: 60,
      organizations: late.orgId,
    })
    await ledgerWatchOf(env).leave(late.routing)
  })

  test("never throws: not for an expression without jobs, nor when everything is down", async () => {
    captureLog()
    await runCron("1 2 3 4 5", 1, env, deps())
    expect(logLines).toMatchObject([{ level: "error", message: "cron without jobs", cron: "1 2 3 4 5" }])
    const down = { ...env, DB: undefined, LEDGER_WATCH: undefined, SUPPLIER_LEDGER: undefined } as unknown as Bindings
    for (const cron of Object.keys(cronTable)) await runCron(cron, 1, down, deps())
    expect(logLines.filter((line) => line["outcome"] === "failed").length).toBe(Object.values(cronTable).flat().length)
  })
})
