import type { ErrorCode } from "../../kernel/errors.ts"
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
  /** The problem's code, where the answer is one. */
  readonly code?: ErrorCode
  readonly error?: string
}

export type Execution = { waitUntil(work: Promise<unknown>): void }

/** What watches requests: logs, metrics, error reports. None of it can fail a request. */
export type Observer = {
  request(record: RequestRecord, env: Bindings, execution: Execution): void
  failure(error: unknown, request: Request, env: Bindings, execution: Execution): void
}
