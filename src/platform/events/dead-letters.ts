import { z } from "@hono/zod-openapi"
import { sql } from "drizzle-orm"
import { type DeadLetterId, type EventId, newId, type OrganizationId } from "../../kernel/ids.ts"
import { hour, type Instant, minute, second } from "../../kernel/time.ts"
import { compile, type Statement } from "../db/executor.ts"
import { Meter } from "../db/meter.ts"
import { acrossTenants, TenantDb } from "../db/tenant-db.ts"
import type { Bindings, QueueMessage } from "../env.ts"
import { describeError, log } from "../log/log.ts"
import { metrics } from "../log/metrics.ts"
import { queueEvents } from "./queue.ts"
import { setAside } from "./set-aside.ts"
import type { DeadLetterRow } from "./tables.ts"

/** The queues' names, as in wrangler.toml; a test holds them to it. */
export const eventQueue = "waybill-events"
export const webhookQueue = "waybill-webhooks"
export const deadLetterQueue = "waybill-dead-letters"

type NewLetter = {
  readonly id: DeadLetterId
  /** Names where it came from: a letter that is told twice is kept once. */
  readonly source: string
  readonly queue: string
  readonly body: unknown
  readonly attempts: number
  readonly error: string | null
  readonly firstSeenAt: Instant
}

/** The statement that writes a dead letter down, once. */
export const keepLetter = (letter: NewLetter): Statement =>
  compile(
    sql`insert into dead_letters (id, source, queue, body, attempts, error, status, first_seen_at, replayed_at)
      values (${letter.id}, ${letter.source}, ${letter.queue}, ${JSON.stringify(letter.body ?? null)}, ${letter.attempts}, ${letter.error},
        'WAITING', ${letter.firstSeenAt}, null) on conflict (source) do nothing`,
  )

const webhookMessage = z.object({ kind: z.literal("delivery") })

/** By what it says: a dead letter's queue does not tell which one gave it up. */
const queueOf = (body: unknown): string => (webhookMessage.safeParse(body).success ? webhookQueue : eventQueue)

/** Behind this queue there is no other: its ten attempts are spread over hours, so that no outage of the database loses a letter. */
const retryDelaySeconds = (attempts: number): number => Math.min(hour, minute * 2 ** (attempts - 1)) / second

/** Writes down what the queue gave up, each message by itself. */
export async function consumeDeadLetters(batch: MessageBatch, env: Bindings): Promise<void> {
  const meter = new Meter()
  for (const message of batch.messages) {
    let outcome: "done" | "failed" = "done"
    try {
      const letter = {
        id: newId("dlt", Date.now()),
        source: `${batch.queue}/${message.id}`,
        queue: queueOf(message.body),
        body: message.body,
        attempts: message.attempts,
        error: null,
        firstSeenAt: message.timestamp.getTime(),
      }
      await acrossTenants(env, meter, "dead letters belong to the platform").run([keepLetter(letter)])
      log.error("queue message failed for good", { id: letter.id })
      message.ack()
    } catch (error) {
      outcome = "failed"
      log.error("dead letter not written down", { attempts: message.attempts, error: describeError(error) })
      message.retry({ delaySeconds: retryDelaySeconds(message.attempts) })
    }
    metrics.queueMessages.add({ kind: "dead-letter", outcome })
  }
}

/** An event that a subscriber gave up at, as its dead letter says it. */
const givenUpEvent = z.object({ kind: z.literal("event"), org_id: z.string(), event_id: z.string(), subscriber: z.string() })

/**
 * Puts a letter's message into the queue again. It comes before the letter is marked: if this process dies in between it
 * can be replayed once more, and the queue's consumers do nothing twice. @throws when the queue or the database does not take it.
 */
export async function replayLetter(env: Bindings, meter: Meter, { body }: DeadLetterRow, now: Instant): Promise<void> {
  const { data: event } = givenUpEvent.safeParse(body)
  if (event === undefined) {
    const queue = queueOf(body) === webhookQueue ? env.WEBHOOKS : env.EVENTS
    return void (await queue.send(body as QueueMessage))
  }
  const orgId = event.org_id as OrganizationId
  const db = TenantDb.forSystem(env, meter, orgId, "operators have a subscriber given an event again")
  await db.run(setAside(db, event.event_id as EventId, event.subscriber, now))
  await queueEvents(env, [orgId])
}
