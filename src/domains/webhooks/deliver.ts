import type { DeliveryId, OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { type Instant, minute, second } from "../../kernel/time.ts"
import type { Row, Statement } from "../../platform/db/executor.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import { type Bindings, configOf } from "../../platform/env.ts"
import type { EventRow } from "../../platform/events/tables.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { webhookEvents } from "./events.ts"
import { sendMessages } from "./messages.ts"
import { payloadOf } from "./payload.ts"
import { post } from "./post.ts"
import { afterFailure, type DisabledReason, type FailureReason, isGivenUp, isGone, isSuccess, type Outcome, retryDelayMs } from "./rules.ts"
import { signedHeaders, signingSecrets } from "./signing.ts"
import { type Turn, type WebhookStore, webhookStore } from "./store.ts"
import type { DeliveryRow, EndpointRow } from "./tables.ts"
import { parseTarget } from "./target.ts"
import { toWebhookView } from "./views.ts"

type DeliverDeps = {
  /** In [0, 1). */
  readonly random: () => number
  readonly timeoutMs: number
}

const defaults: DeliverDeps = { random: Math.random, timeoutMs: limits.webhookTimeoutMs }

/** Deliveries put off with an endpoint come back over this long, not all at once. */
const spreadMs = 30 * second

/** Waits up to here are the queue's; the sweep, which comes every minute, sees to the longer ones. */
const queueDelayMsMax = minute

/**
 * Works off a delivery, and then whatever of its organization's waited for it to end, one after the other for a while;
 * the rest goes on by messages. So a burst to one endpoint takes the places that INV-WHK-9 gives it and no more.
 * @throws what the database threw before anything was sent; the queue tries again.
 */
export async function deliver(
  env: Bindings,
  meter: Meter,
  orgId: OrganizationId,
  deliveryId: DeliveryId,
  now: Instant,
  deps: DeliverDeps = defaults,
): Promise<void> {
  const started = performance.now()
  const clock = (): Instant => now + Math.round(performance.now() - started)
  const wake = (ids: readonly DeliveryId[]) => {
    const messages = ids.map((one) => ({ orgId, deliveryId: one }))
    return sendMessages(env, messages)
  }
  let next: readonly DeliveryId[] = [deliveryId]
  for (let count = 0; count < limits.webhookLaneAttemptsMax && clock() - now < limits.webhookLaneMs; count += 1) {
    const [id, ...others] = next
    if (id === undefined) return
    await wake(others)
    next = await attempt(env, meter, orgId, id, clock(), deps)
  }
  await wake(next)
}

/**
 * One attempt at one delivery, if it is due: one trip to take it and write the attempt down, the request, one trip for
 * what came of it. Whoever comes too early, too late or second does nothing. A crash after the request leaves the
 * attempt without an end in the log, and the sweep sends the event again under the same webhook-id: at least once.
 * @returns the deliveries that waited for it to end.
 */
async function attempt(
  env: Bindings,
  meter: Meter,
  orgId: OrganizationId,
  deliveryId: DeliveryId,
  now: Instant,
  deps: DeliverDeps,
): Promise<readonly DeliveryId[]> {
  const db = TenantDb.forSystem(env, meter, orgId, "a queue message names the delivery and its organization")
  const store = webhookStore(db)
  const turn = await store.takeTurn(deliveryId, now, Math.round(deps.random() * spreadMs))
  if (turn === undefined) return []
  const { delivery, endpoint, event } = turn
  if (!turn.isLeased || endpoint === undefined || event === undefined) {
    await drop(db, store, turn, now)
    return []
  }

  const sent = await send(env, endpoint, event, now, deps.timeoutMs)
  const outcome = typeof sent === "string" ? notSent : sent
  const endedAt = now + (outcome.durationMs ?? 0)
  const disabledBecause = typeof sent === "string" ? sent : reasonToDisable(endpoint, outcome, endedAt)
  // Before the delivery is finished: should this be the last that is done here, a later delivery must not find it active.
  if (disabledBecause !== undefined) await disable(db, store, endpoint, disabledBecause, endedAt)
  const { statements, retryAfterMs } = conclusion(store, delivery, endpoint, outcome, disabledBecause, endedAt, deps.random())
  const next = await runSurely(db, [...statements, store.unpark(endedAt)])
  if (retryAfterMs !== undefined && retryAfterMs <= queueDelayMsMax) {
    await sendMessages(env, [{ orgId, deliveryId }], Math.ceil(retryAfterMs / second))
  }
  return next.map((row) => row["id"] as DeliveryId)
}

const notSent: Outcome = { status: null, error: "NOT_SENT", durationMs: null, answer: null }

/** The request, or why there can be none to this endpoint. */
async function send(
  env: Bindings,
  endpoint: EndpointRow,
  event: EventRow,
  now: Instant,
  timeoutMs: number,
): Promise<Outcome | Extract<DisabledReason, "TARGET_REFUSED" | "SECRET_UNREADABLE">> {
  const config = configOf(env)
  // Asked again: the rules may have become stricter since the URL was set.
  const target = parseTarget(endpoint.url, config.WEBHOOK_PRIVATE_TARGETS)
  if (!target.ok) return "TARGET_REFUSED"
  const secrets = await signingSecrets(config.JWT_KEYS, endpoint, now)
  if (secrets === undefined) return "SECRET_UNREADABLE"
  const body = payloadOf(event, config.PUBLIC_URL.replace(/\/$/, ""))
  return post(target.value, signedHeaders(secrets, event.id, now, body), body, timeoutMs)
}

function reasonToDisable(endpoint: EndpointRow, outcome: Outcome, now: Instant): DisabledReason | undefined {
  if (isSuccess(outcome)) return undefined
  if (isGone(outcome)) return "GONE"
  return isGivenUp(afterFailure(endpoint, now), now) ? "FAILING" : undefined
}

/** What an attempt's end is written as, and after how long the next one comes. */
function conclusion(
  store: WebhookStore,
  { id, attemptsMade, attemptInSeries }: DeliveryRow,
  endpoint: EndpointRow,
  outcome: Outcome,
  disabledBecause: DisabledReason | undefined,
  now: Instant,
  random: number,
): { readonly statements: readonly Statement[]; readonly retryAfterMs?: number } {
  const noted = store.noteOutcome(id, attemptsMade, outcome)
  if (isSuccess(outcome)) return { statements: [noted, store.markDelivered(id, now), store.noteSuccess(endpoint.id)] }
  if (disabledBecause !== undefined) {
    const reason: FailureReason = disabledBecause === "GONE" ? "GONE" : "WEBHOOK_DISABLED"
    return { statements: [noted, store.markFailed(id, attemptsMade, reason, now)] }
  }
  const failure = store.noteFailure(endpoint.id, afterFailure(endpoint, now))
  const delay = retryDelayMs(attemptInSeries, random)
  if (delay === undefined) return { statements: [noted, failure, store.markFailed(id, attemptsMade, "EXHAUSTED", now)] }
  const next = now + delay
  const dueAt = delay <= queueDelayMsMax ? next + limits.webhookWakeAgainMs : next
  return { statements: [noted, failure, store.scheduleNext(id, attemptsMade, next, dueAt)], retryAfterMs: delay }
}

/** A delivery that had no turn: not due, or there is nobody to send to any more, or nothing to send. */
async function drop(db: TenantDb, store: WebhookStore, turn: Turn, now: Instant): Promise<void> {
  const { delivery, endpoint, event, isOrganizationActive } = turn
  if (turn.isLeased || delivery.status !== "PENDING" || delivery.nextAttemptAt === null || delivery.nextAttemptAt > now) return
  if (endpoint === undefined) {
    await db.run([store.deleteDelivery(delivery.id)])
    return
  }
  const reason: FailureReason | undefined = !isOrganizationActive
    ? "ORGANIZATION_DEACTIVATED"
    : endpoint.status === "DISABLED"
      ? "WEBHOOK_DISABLED"
      : event === undefined
        ? "EVENT_DELETED"
        : undefined
  if (reason !== undefined) await db.run([store.markFailed(delivery.id, delivery.attemptsMade, reason, now)])
}

/** INV-WHK-7: with a trace and an event, unless somebody changed the endpoint meanwhile, or something reached it after all. */
async function disable(db: TenantDb, store: WebhookStore, before: EndpointRow, reason: DisabledReason, now: Instant): Promise<void> {
  const after: EndpointRow = { ...before, status: "DISABLED", disabledReason: reason, version: before.version + 1, updatedAt: now }
  try {
    await new UnitOfWork(now, { ipAddress: null, userAgent: null })
      .add(...store.replace(before, after), ...(reason === "FAILING" ? [store.stillFailing(before)] : []))
      .audit(db, {
        action: "webhooks.endpoint.disable",
        entity: "webhook",
        entityId: before.id,
        before: toWebhookView(before),
        after: toWebhookView(after),
      })
      .event(db, webhookEvents.disabled, toWebhookView(after))
      .commit(db)
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error
  }
}

const pausesMs = [100, 500]

/** The request has gone out: a database that stumbles now would have it go out again. What the last of the statements returned. */
async function runSurely(db: TenantDb, statements: readonly Statement[]): Promise<readonly Row[]> {
  for (const pauseMs of pausesMs) {
    try {
      return (await db.run(statements)).at(-1) ?? []
    } catch (error) {
      log.warn("a webhook's attempt could not be noted yet", { error: describeError(error) })
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  return (await db.run(statements)).at(-1) ?? []
}
