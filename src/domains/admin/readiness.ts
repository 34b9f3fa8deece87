import { sql } from "drizzle-orm"
import { ledgerWatchOf } from "../../../durable-objects/ledger-watch/client.ts"
import { type Instant, second } from "../../kernel/time.ts"
import { within } from "../../kernel/within.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { describeError, log } from "../../platform/log/log.ts"

export const parts = ["d1", "durable_objects", "r2", "queue"] as const
type Part = (typeof parts)[number]

type Check = { readonly status: "OK" | "FAILED"; readonly duration_ms: number }
type Checks = Readonly<Record<Part, Check>>

type Probe = (env: Bindings, meter: Meter, now: Instant) => Promise<unknown>

const probes: Readonly<Record<Part, Probe>> = {
  d1: (env, meter) => acrossTenants(env, meter, "readiness asks whether the database answers").query(sql`select 1`),
  durable_objects: (env, meter) => ledgerWatchOf(env, meter).ping(),
  // A key that nothing stores under: R2 answers null when it works.
  r2: (env) => env.FILES.head("readiness/probe"),
  queue: (env, _meter, now) => env.EVENTS.send({ kind: "probe", at: now }),
}

const keptMs = 5 * second

const probeTimeoutMs = 2 * second

/**
 * Asks each part of the platform whether it answers, and keeps the result for five seconds an isolate, so that
 * a prober in a hurry costs nothing (INV-ADM-1: at most one round of probes in five seconds an isolate).
 */
export class Readiness {
  readonly #timeoutMs: number
  #kept: { readonly at: Instant; readonly checks: Checks } | undefined
  #probing: Promise<Checks> | undefined

  constructor(timeoutMs = probeTimeoutMs) {
    this.#timeoutMs = timeoutMs
  }

  async check(env: Bindings, meter: Meter, now: Instant, keepAlive: (work: Promise<unknown>) => void): Promise<Checks> {
    if (this.#kept !== undefined && now - this.#kept.at < keptMs) return this.#kept.checks
    if (this.#probing === undefined) {
      this.#probing = this.#probeAll(env, meter, now).finally(() => {
        this.#probing = undefined
      })
      // Others wait for this request's probes: they must end even if this client hangs up.
      keepAlive(this.#probing)
    }
    return this.#probing
  }

  async #probeAll(env: Bindings, meter: Meter, now: Instant): Promise<Checks> {
    const [d1, objects, r2, queue] = await Promise.all([
      this.#probe("d1", env, meter, now),
      this.#probe("durable_objects", env, meter, now),
      this.#probe("r2", env, meter, now),
      this.#probe("queue", env, meter, now),
    ])
    const checks: Checks = { d1, durable_objects: objects, r2, queue }
    this.#kept = { at: now, checks }
    return checks
  }

  async #probe(part: Part, env: Bindings, meter: Meter, now: Instant): Promise<Check> {
    const started = performance.now()
    const duration = () => Math.round((performance.now() - started) * 10) / 10
    try {
      await within(this.#timeoutMs, probes[part](env, meter, now))
      return { status: "OK", duration_ms: duration() }
    } catch (error) {
      // What failed is told to everybody, why only to the log.
      log.error("readiness probe failed", { part, error: describeError(error) })
      return { status: "FAILED", duration_ms: duration() }
    }
  }
}
