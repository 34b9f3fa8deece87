import type { Instant } from "../../kernel/time.ts"
import { Meter } from "../db/meter.ts"
import type { Bindings } from "../env.ts"
import { describeError, log } from "../log/log.ts"
import { type Metrics, metrics } from "../log/metrics.ts"
import { type Sentry, sentry } from "../log/sentry.ts"

/** Work that cron does. It may come late, twice, or at once with itself, so it is idempotent; and it is bounded, so what it leaves comes next time. */
export type Job = {
  readonly name: string
  readonly run: (env: Bindings, meter: Meter, now: Instant) => Promise<unknown>
}

export type JobDeps = { readonly metrics: Metrics; readonly sentry: Sentry }

/** Runs the jobs side by side; one that fails is told of and stops no other. Never throws. */
export async function runJobs(jobs: readonly Job[], env: Bindings, now: Instant, deps: JobDeps = { metrics, sentry }): Promise<void> {
  await Promise.all(jobs.map((job) => runJob(job, env, now, deps)))
}

async function runJob(job: Job, env: Bindings, now: Instant, deps: JobDeps): Promise<void> {
  const started = performance.now()
  const meter = new Meter()
  let failure: unknown
  let outcome: "done" | "failed" = "done"
  try {
    await job.run(env, meter, now)
  } catch (error) {
    outcome = "failed"
    failure = error
  }
  const durationMs = performance.now() - started
  const { d1Trips, d1RowsRead, d1RowsWritten, objectCalls } = meter.cost
  const write = outcome === "failed" ? log.error : log.info
  write("job", {
    job: job.name,
    outcome,
    duration_ms: Math.round(durationMs * 10) / 10,
    d1_trips: d1Trips,
    d1_rows_read: d1RowsRead,
    d1_rows_written: d1RowsWritten,
    object_calls: objectCalls,
    error: outcome === "failed" ? describeError(failure) : undefined,
  })
  deps.metrics.jobs.add({ job: job.name, outcome })
  deps.metrics.jobDuration.observe({ job: job.name }, durationMs / 1000)
  if (outcome === "failed") await deps.sentry.failure(failure, env, { where: `job ${job.name}` })
}
