import type { Toucan } from "toucan-js"
import { toHex } from "../../kernel/digest.ts"
import { type Bindings, type Config, configOf } from "../env.ts"
import { describeError, log } from "./log.ts"
import type { Execution, RequestRecord } from "./observer.ts"

type SentryEvent = Parameters<Toucan["captureEvent"]>[0]

type SentryOptions = {
  /** How events leave; the runtime's own `fetch` unless a test wants to see them. */
  readonly fetcher?: typeof fetch
  /** Decides by chance which requests are traced: 0 up to, not including, 1. */
  readonly random?: () => number
}

/** The share of requests whose trace is sent. */
export const traceRate = (environment: Config["ENVIRONMENT"]): number => (environment === "production" ? 0.1 : 1)

/** All that is said of a request: no body, query, cookie or header that could hold a secret. */
const safeHeaders = ["content-type", "user-agent", "x-request-id", "cf-ray"] as const

function safeRequest(request: Request): NonNullable<SentryEvent["request"]> {
  const { origin, pathname } = new URL(request.url)
  const headers = safeHeaders.flatMap((name) => {
    const value = request.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return { method: request.method, url: origin + pathname, headers: Object.fromEntries(headers) }
}

const randomHex = (bytes: number): string => toHex(crypto.getRandomValues(new Uint8Array(bytes)))

/** Reports to Sentry (sentry.io) where SENTRY_DSN is set, and is nothing where it is not. Never throws: reporting cannot fail a request. */
export class Sentry {
  readonly #fetcher: typeof fetch | undefined
  readonly #random: () => number

  constructor({ fetcher, random = Math.random }: SentryOptions = {}) {
    this.#fetcher = fetcher
    this.#random = random
  }

  /** An error that nobody expected. Resolves when the report is sent or given up. */
  failure(error: unknown, env: Bindings, about: { readonly request?: Request; readonly where?: string }): Promise<void> {
    return this.#report(env, (toucan) => {
      toucan.addEventProcessor((event) => ({ ...event, ...(about.request === undefined ? {} : { request: safeRequest(about.request) }) }))
      if (about.where !== undefined) toucan.setTag("where", about.where)
      toucan.captureException(error)
    })
  }

  /** A request's trace, for the sampled share of them. */
  trace(record: RequestRecord, env: Bindings, execution: Execution): void {
    const { SENTRY_DSN: dsn, ENVIRONMENT: environment } = configOf(env)
    if (dsn === undefined || dsn === "" || this.#random() >= traceRate(environment)) return
    const endedAt = Date.now() / 1000
    execution.waitUntil(
      this.#report(env, (toucan) => {
        toucan.captureEvent({
          type: "transaction",
          transaction: `${record.method} ${record.route}`,
          transaction_info: { source: "route" },
          start_timestamp: endedAt - record.durationMs / 1000,
          timestamp: endedAt,
          contexts: {
            trace: {
              trace_id: randomHex(16),
              span_id: randomHex(8),
              op: "http.server",
              data: { "http.response.status_code": record.status },
            },
          },
          tags: {
            request_id: record.requestId,
            ...(record.organizationId === null ? {} : { organization: record.organizationId }),
            status: record.status,
          },
          spans: [],
          measurements: {
            d1_trips: { value: record.cost.d1Trips, unit: "none" },
            d1_rows_read: { value: record.cost.d1RowsRead, unit: "none" },
            d1_rows_written: { value: record.cost.d1RowsWritten, unit: "none" },
            object_calls: { value: record.cost.objectCalls, unit: "none" },
          },
        })
      }),
    )
  }

  async #report(env: Bindings, say: (toucan: Toucan) => void): Promise<void> {
    const { SENTRY_DSN: dsn, ENVIRONMENT: environment } = configOf(env)
    if (dsn === undefined || dsn === "") return
    const sending: Promise<unknown>[] = []
    try {
      // Loaded when first needed, so that a start without errors does not pay for it.
      const { Toucan: Client, linkedErrorsIntegration } = await import("toucan-js")
      const toucan = new Client({
        dsn,
        environment,
        defaultIntegrations: [linkedErrorsIntegration()],
        context: { waitUntil: (work) => void sending.push(work) },
        ...(this.#fetcher === undefined ? {} : { transportOptions: { fetcher: this.#fetcher } }),
      })
      say(toucan)
      await toucan.getClient()?.flush(flushMs)
      await Promise.allSettled(sending)
    } catch (error) {
      log.warn("sentry not told", { error: describeError(error) })
    }
  }
}

const flushMs = 2_000

export const sentry = new Sentry()
