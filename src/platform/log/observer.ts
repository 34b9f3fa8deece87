import type { Cost } from "../db/meter.ts"
import type { Bindings } from "../env.ts"

export type RequestRecord = {
  readonly requestId: string
  readonly organizationId: string | null
  readonly actorId: string | null
  readonly method: string
  readonly route: string
  readonly status: number
  readonly durationMs: number
  readonly cost: Cost
  readonly error?: string
}

/** What watches requests: logs, metrics, error reports. None of it can fail a request. */
export type Observer = {
  request(record: RequestRecord): void
  failure(error: unknown, request: Request, env: Bindings, execution: { waitUntil(work: Promise<unknown>): void }): void
}
