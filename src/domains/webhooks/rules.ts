import type { Flow } from "../../kernel/flow.ts"
import { limits } from "../../kernel/limits.ts"
import { day, hour, type Instant, minute, second } from "../../kernel/time.ts"

export const endpointStatuses = ["ACTIVE", "DISABLED"] as const
export type EndpointStatus = (typeof endpointStatuses)[number]

export const endpointFlow = { ACTIVE: ["DISABLED"], DISABLED: ["ACTIVE"] } as const satisfies Flow<EndpointStatus>

/** MANUAL: by somebody. GONE: it answered 410. FAILING: nothing reached it for days. The others: it cannot be sent to, or not signed for. */
export const disabledReasons = ["MANUAL", "GONE", "FAILING", "TARGET_REFUSED", "SECRET_UNREADABLE"] as const
export type DisabledReason = (typeof disabledReasons)[number]

export const deliveryStatuses = ["PENDING", "DELIVERED", "FAILED"] as const
export type DeliveryStatus = (typeof deliveryStatuses)[number]

/** Finished ones move again by a replay alone. */
export const deliveryFlow = {
  PENDING: ["DELIVERED", "FAILED"],
  DELIVERED: ["PENDING"],
  FAILED: ["PENDING"],
} as const satisfies Flow<DeliveryStatus>

export const failureReasons = ["EXHAUSTED", "GONE", "WEBHOOK_DISABLED", "ORGANIZATION_DEACTIVATED", "EVENT_DELETED"] as const
export type FailureReason = (typeof failureReasons)[number]

/** Why an attempt failed: STATUS is an answer that is no 2xx, REDIRECT a 3xx, which is never followed; with NOT_SENT nothing left here. */
export const attemptErrors = ["STATUS", "REDIRECT", "TIMEOUT", "UNREACHABLE", "NOT_SENT"] as const
type AttemptError = (typeof attemptErrors)[number]

/** An attempt as the log keeps it. It is written before the request goes out, so one whose end nobody saw has neither status nor error. */
export type Attempt = {
  readonly n: number
  readonly at: Instant
  readonly status: number | null
  readonly error: AttemptError | null
  readonly durationMs: number | null
  /** The beginning of an answer that was no success, as text. */
  readonly answer: string | null
}

/** What came of a request: an answer, or none. */
export type Outcome = Pick<Attempt, "status" | "error" | "durationMs" | "answer">

export const isSuccess = ({ status }: Outcome): boolean => status !== null && status >= 200 && status <= 299

/** 410 Gone: the receiver wants nothing any more (Standard Webhooks). */
export const isGone = ({ status }: Outcome): boolean => status === 410

export function errorOfStatus(status: number): AttemptError | null {
  if (status >= 200 && status <= 299) return null
  return status >= 300 && status <= 399 ? "REDIRECT" : "STATUS"
}

/** The waits between the attempts of a series: three days and some hours in all, as Standard Webhooks recommends. */
const retryDelaysMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
]

export const attemptsPerSeries = retryDelaysMs.length + 1

/** Waits are lengthened by up to this share, so that what failed together does not come back together. */
const jitter = 0.2

/** How long to wait after the given attempt of a series (from 1 on), or undefined after the last. `random` is in [0, 1). */
export function retryDelayMs(attempt: number, random: number): number | undefined {
  const delay = retryDelaysMs[attempt - 1]
  return delay === undefined ? undefined : Math.round(delay * (1 + jitter * random))
}

export type Health = { readonly failures: number; readonly failingSince: Instant | null; readonly pausedUntil: Instant | null }

/** An endpoint fails a few times before anything waits on its account. */
const failuresBeforePause = 5
const pauseMsMin = 10 * second
const pauseMsMax = hour

/**
 * INV-WHK-6: what one more failure makes of an endpoint. After a few in a row it is left alone for a while, up to an
 * hour, so that a slow or dead one does not hold the queue while others wait.
 */
export function afterFailure(health: Health, now: Instant): Health {
  const failures = health.failures + 1
  const beyond = failures - failuresBeforePause
  return {
    failures,
    failingSince: health.failingSince ?? now,
    pausedUntil: beyond < 0 ? null : now + Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(beyond, 10)),
  }
}

/** INV-WHK-7: nothing reached it for days. */
export const isGivenUp = ({ failingSince }: Health, now: Instant): boolean =>
  failingSince !== null && now - failingSince >= limits.webhookFailingDaysMax * day

type Subscription = { readonly eventTypes: readonly string[]; readonly permissions: readonly string[] }

/** INV-WHK-3: an endpoint gets the types it asks for, of those that its editor may see. */
export const wants = ({ eventTypes, permissions }: Subscription, event: { readonly type: string; readonly permission: string }): boolean =>
  permissions.includes(event.permission) && (eventTypes.includes("*") || eventTypes.includes(event.type))

/** Of an endpoint's secrets, newest first, those still good; a rotation gives the one before a day's overlap. */
export const validSecrets = <S extends { readonly expiresAt: Instant | null }>(secrets: readonly S[], now: Instant): readonly S[] =>
  secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)

/** The older ones after a rotation: each keeps the end it has, the newest of them gets one. */
export const outgoingSecrets = <S extends { readonly expiresAt: Instant | null }>(secrets: readonly S[], now: Instant): readonly S[] =>
  validSecrets(secrets, now).map((secret) => ({
    ...secret,
    expiresAt: secret.expiresAt ?? now + limits.webhookSecretOverlapHours * hour,
  }))

/** Attempts a replay leaves in the log, beside its own. */
export const keptAttempts = (attempts: readonly Attempt[]): readonly Attempt[] => attempts.slice(-limits.webhookAttemptsKept)
