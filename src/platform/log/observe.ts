import { describeError, log } from "./log.ts"
import { type Metrics, metrics } from "./metrics.ts"
import type { Observer } from "./observer.ts"
import { type Sentry, sentry } from "./sentry.ts"

const round = (ms: number): number => Math.round(ms * 10) / 10

/** Watching that fails is itself only logged: INV-LOG-1, no observer fails a request. */
function survive(watch: () => void): void {
  try {
    watch()
  } catch (error) {
    log.error("observer failed", { error: describeError(error) })
  }
}

/** One JSON line a request, this isolate's metrics, and Sentry where it is configured. */
export const observerOf = (deps: { readonly metrics: Metrics; readonly sentry: Sentry }): Observer => ({
  request(record, env, execution) {
    survive(() => {
      const { cost } = record
      const write = record.status >= 500 ? log.error : log.info
      write("request", {
        request_id: record.requestId,
        organization: record.organizationId,
        actor: record.actorId,
        method: record.method,
        route: record.route,
        status: record.status,
        code: record.code,
        duration_ms: round(record.durationMs),
        d1_trips: cost.d1Trips,
        d1_rows_read: cost.d1RowsRead,
        d1_rows_written: cost.d1RowsWritten,
        d1_ms: round(cost.d1Ms),
        object_calls: cost.objectCalls,
        object_ms: round(cost.objectMs),
        error: record.error,
      })
    })
    survive(() => deps.metrics.request(record))
    survive(() => deps.sentry.trace(record, env, execution))
  },
  failure(error, request, env, execution) {
    survive(() => {
      const stack = error instanceof Error ? error.stack : undefined
      log.error("failure", { error: describeError(error), stack, method: request.method, path: new URL(request.url).pathname })
    })
    survive(() => execution.waitUntil(deps.sentry.failure(error, env, { request })))
  },
})

export const observer: Observer = observerOf({ metrics, sentry })
