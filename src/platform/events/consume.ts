import { atMost } from "../../kernel/at-most.ts"
import type { DeliveryId, OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { Meter } from "../db/meter.ts"
import type { Bindings, QueueMessage } from "../env.ts"
import { describeError, log } from "../log/log.ts"
import { metrics } from "../log/metrics.ts"
import { sentry } from "../log/sentry.ts"
import type { Consumers } from "./consumers.ts"
import { webhookQueue } from "./dead-letters.ts"
import { dispatch } from "./dispatch.ts"
import { queueEvents } from "./queue.ts"

/** What a message that could not be handled waits before its next attempt. */
const retrySeconds = 30

/** One after the other they would take longer than a consumer may. */
const messagesAtOnce = 10

type Outcome = "done" | "unknown" | "failed"

type Consuming = {
  readonly env: Bindings
  readonly consumers: Consumers
  /** What was begun for an organization in this batch: a busy one sends many messages that all mean the same. */
  readonly dispatched: Map<OrganizationId, Promise<void>>
}

/**
 * The queue's consumer. Each message is settled by itself, so that one that fails never brings back the rest of
 * its batch; after `max_retries` the queue moves it to the dead letters (INV-EVT-1: no message goes round for ever).
 */
export async function consume(batch: MessageBatch<QueueMessage>, env: Bindings, consumers: Consumers): Promise<void> {
  const consuming: Consuming = { env, consumers, dispatched: new Map() }
  const atOnce = batch.queue === webhookQueue ? limits.webhookAttemptsAtOnce : messagesAtOnce
  await atMost(atOnce, batch.messages, (message) => settleAndCount(message, consuming))
}

async function settleAndCount(message: Message<QueueMessage>, consuming: Consuming): Promise<void> {
  const outcome = await settle(message, consuming)
  metrics.queueMessages.add({ kind: outcome === "unknown" ? "unknown" : (message.body?.kind ?? "unknown"), outcome })
}

async function settle(message: Message<QueueMessage>, consuming: Consuming): Promise<Outcome> {
  try {
    const isKnown = await handle(message.body, consuming)
    if (isKnown) {
      message.ack()
      return "done"
    }
    // Perhaps a newer version wrote it, in the minutes when both run: a later attempt may meet that one.
    log.error("queue message not recognised", { id: message.id, attempts: message.attempts })
    message.retry({ delaySeconds: retrySeconds })
    return "unknown"
  } catch (error) {
    log.error("queue message failed", { id: message.id, kind: message.body?.kind, attempts: message.attempts, error: describeError(error) })
    message.retry({ delaySeconds: retrySeconds })
    await sentry.failure(error, consuming.env, { where: `queue ${message.body?.kind}` })
    return "failed"
  }
}

/** False for what is none of the kinds; the queue outlives the code that wrote into it. */
async function handle(body: QueueMessage, consuming: Consuming): Promise<boolean> {
  const { env, consumers } = consuming
  switch (body?.kind) {
    case "probe":
      return true
    case "events":
      await dispatchOnce(consuming, body.org_id as OrganizationId)
      return true
    case "mails":
      await consumers.mails(env, new Meter(), body.org_id as OrganizationId, Date.now())
      return true
    case "delivery":
      await consumers.delivery(env, new Meter(), body.org_id as OrganizationId, body.delivery_id as DeliveryId, Date.now())
      return true
    default:
      return noted(body)
  }
}

function dispatchOnce({ env, consumers, dispatched }: Consuming, orgId: OrganizationId): Promise<void> {
  const begun = dispatched.get(orgId) ?? dispatchAndGoOn(env, consumers, orgId)
  dispatched.set(orgId, begun)
  return begun
}

/** One message hands out a bounded number of events; another one takes the rest, so that nobody waits for a large organization. */
async function dispatchAndGoOn(env: Bindings, { subscribers }: Consumers, orgId: OrganizationId): Promise<void> {
  const hasMore = await dispatch(env, new Meter(), orgId, subscribers, Date.now())
  if (hasMore) await queueEvents(env, [orgId])
}

/** Takes `never`, so that a new kind without a case above does not compile. */
const noted = (_body: never): boolean => false
