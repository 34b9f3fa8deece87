import type { Bindings, QueueMessage } from "../env.ts"
import { describeError, log } from "../log/log.ts"
import { metrics } from "../log/metrics.ts"
import { sentry } from "../log/sentry.ts"
import type { Subscriber } from "./subscriber.ts"

/** What a message that could not be handled waits before its next attempt. */
const retrySeconds = 30

type Outcome = "done" | "unknown" | "failed"

/**
 * The queue's consumer. Each message is settled by itself, so that one that fails never brings back the rest of
 * its batch; after `max_retries` the queue moves it to the dead letters (INV-EVT-1: no message goes round for ever).
 */
export async function consume(batch: MessageBatch<QueueMessage>, env: Bindings, _subscribers: readonly Subscriber[]): Promise<void> {
  for (const message of batch.messages) {
    const outcome = await settle(message, env)
    metrics.queueMessages.add({ kind: outcome === "unknown" ? "unknown" : (message.body?.kind ?? "unknown"), outcome })
  }
}

async function settle(message: Message<QueueMessage>, env: Bindings): Promise<Outcome> {
  try {
    const isKnown = await handle(message.body)
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
    await sentry.failure(error, env, { where: `queue ${message.body?.kind}` })
    return "failed"
  }
}

/** False for what is none of the kinds; the queue outlives the code that wrote into it. */
async function handle(body: QueueMessage): Promise<boolean> {
  switch (body?.kind) {
    case "probe":
      return true
    case "events":
    case "mails":
    case "delivery":
      return true
    default:
      return noted(body)
  }
}

/** Takes `never`, so that a new kind without a case above does not compile. */
const noted = (_body: never): boolean => false
