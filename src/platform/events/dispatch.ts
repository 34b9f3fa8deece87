import { and, asc, eq, lte, sql } from "drizzle-orm"
import { inRounds } from "../../kernel/give-way.ts"
import { newId, type OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { Permission } from "../auth/permissions.ts"
import { compile, type Statement } from "../db/executor.ts"
import { isPassing } from "../db/failures.ts"
import { guardCode } from "../db/guards.ts"
import type { Meter } from "../db/meter.ts"
import { decodeRow } from "../db/statements.ts"
import { TenantDb } from "../db/tenant-db.ts"
import type { Bindings } from "../env.ts"
import { describeError, log } from "../log/log.ts"
import { eventQueue, keepLetter } from "./dead-letters.ts"
import { setAside } from "./set-aside.ts"
import type { StoredEvent, Subscriber } from "./subscriber.ts"
import { type EventRetryRow, type EventRow, eventCursors, eventRetries, events } from "./tables.ts"

type Dispatch = {
  readonly env: Bindings
  readonly meter: Meter
  readonly db: TenantDb
  readonly subscribers: readonly Subscriber[]
  readonly now: Instant
}

const storedEvent = (row: EventRow): StoredEvent => ({ ...row, permission: row.permission as Permission })

/** Somebody else was faster with the very same; what they wrote stands. */
const isRaced = (error: unknown): boolean => error instanceof Error && guardCode(error.message) === taken

/** A code that no subscriber's own guard has. */
const taken = "TAKEN_BY_ANOTHER_CONSUMER"
const guardTaken: Statement = compile(sql`insert into guards (code) select ${taken} where changes() = 0`)

/**
 * Hands an organization's events to the subscribers, oldest first, and gives those again that one of them failed at.
 * INV-EVT-2: what subscribers write is committed in one batch with the cursor's step over the events, which only one of
 * several consumers can take, so each event is written once by each, however often the queue says so.
 * @returns whether there is more: it stops after `dispatchRoundsMax` batches.
 * @throws when the database fails for the moment; the cursor then stands where it stood.
 */
export async function dispatch(
  env: Bindings,
  meter: Meter,
  orgId: OrganizationId,
  subscribers: readonly Subscriber[],
  now: Instant,
): Promise<boolean> {
  const db = TenantDb.forSystem(env, meter, orgId, "the queue's consumer hands out events")
  const doing: Dispatch = { env, meter, db, subscribers, now }
  let hasMore = true
  for await (const _round of inRounds(limits.dispatchRoundsMax)) {
    const { cursor, waiting } = await undispatched(db)
    const isTaken = waiting.length === 0 || (await handOut(doing, cursor, waiting))
    hasMore = !isTaken || waiting.length === limits.dispatchEventsMax
    if (!hasMore) break
  }
  const retried = await retryDue(doing)
  return hasMore || retried === limits.retryRowsMax
}

async function undispatched(db: TenantDb): Promise<{ readonly cursor: number; readonly waiting: readonly StoredEvent[] }> {
  const [cursors = [], rows = []] = await db.query(
    (orgId) => sql`select seq from event_cursors where org_id = ${orgId}`,
    (orgId) => sql`select * from events indexed by events_org_id_seq where org_id = ${orgId}
      and seq > coalesce((select seq from event_cursors where org_id = ${orgId}), 0) order by seq limit ${limits.dispatchEventsMax}`,
  )
  return { cursor: Number(cursors[0]?.["seq"] ?? 0), waiting: rows.map((row) => storedEvent(decodeRow(events, row))) }
}

/**
 * One batch for all of them. INV-EVT-3: when it fails at an event rather than at the database, halves find that one, and
 * it alone is set aside for its subscribers, each by itself: it holds up neither later events nor other subscribers.
 * @returns false when another consumer was faster, whoever reads on must look again where the cursor is.
 */
async function handOut(doing: Dispatch, cursor: number, waiting: readonly StoredEvent[]): Promise<boolean> {
  try {
    const statements = await plans(doing, doing.subscribers, waiting)
    await step(doing, cursor, waiting, statements)
  } catch (error) {
    if (isRaced(error)) return false
    if (isPassing(error)) throw error
    const half = Math.ceil(waiting.length / 2)
    const first = waiting.slice(0, half)
    if (first.length === waiting.length) return stepAside(doing, cursor, waiting, error)
    return (await handOut(doing, cursor, first)) && handOut(doing, first.at(-1)?.seq ?? cursor, waiting.slice(half))
  }
  await afterwards(doing, doing.subscribers, waiting)
  return true
}

async function stepAside(doing: Dispatch, cursor: number, waiting: readonly StoredEvent[], cause: unknown): Promise<boolean> {
  const { db, subscribers, now } = doing
  log.error("event set aside", { organization: db.orgId, event: waiting[0]?.id, error: describeError(cause) })
  try {
    await step(
      doing,
      cursor,
      waiting,
      waiting.flatMap(({ id }) => subscribers.flatMap(({ name }) => setAside(db, id, name, now))),
    )
    return true
  } catch (error) {
    if (isRaced(error)) return false
    throw error
  }
}

const plans = async ({ env, meter, now }: Dispatch, subscribers: readonly Subscriber[], told: readonly StoredEvent[]) =>
  (await Promise.all(subscribers.map((subscriber) => subscriber.plan(env, meter, told, now)))).flat()

/** The cursor steps over the events and the statements are carried out, or neither. An answer that is lost is asked for again. */
async function step({ db, now }: Dispatch, cursor: number, told: readonly StoredEvent[], statements: readonly Statement[]): Promise<void> {
  const last = told.at(-1)?.seq ?? cursor
  const advance = db.statement(
    (orgId) => sql`insert into event_cursors (org_id, seq, moved_at) values (${orgId}, ${last}, ${now})
      on conflict (org_id) do update set seq = excluded.seq, moved_at = excluded.moved_at where event_cursors.seq = ${cursor}`,
  )
  try {
    await db.run([advance, guardTaken, ...statements])
  } catch (error) {
    if (!isPassing(error)) throw error
    const row = await db.one(eventCursors, eq(eventCursors.seq, last))
    if (row?.movedAt !== now) throw error
  }
}

/** Gives again what is due, one event to one subscriber at a time. How many those were. */
async function retryDue(doing: Dispatch): Promise<number> {
  const due = await doing.db.many(eventRetries, {
    where: lte(eventRetries.retryAt, doing.now),
    orderBy: [asc(eventRetries.eventId), asc(eventRetries.subscriber)],
    limit: limits.retryRowsMax,
  })
  for (const row of due) await retry(doing, row)
  return due.length
}

async function retry(doing: Dispatch, row: EventRetryRow): Promise<void> {
  const { db, env, meter, now } = doing
  const isThisTry = and(
    eq(eventRetries.eventId, row.eventId),
    eq(eventRetries.subscriber, row.subscriber),
    eq(eventRetries.failures, row.failures),
  )
  try {
    const event = await db.byId(events, row.eventId)
    const subscriber = doing.subscribers.find(({ name }) => name === row.subscriber)
    if (event === undefined || subscriber === undefined) throw new Error("there is no such event or subscriber any more")
    const told = [storedEvent(event)]
    const statements = await subscriber.plan(env, meter, told, now)
    await db.run([db.delete(eventRetries, isThisTry), guardTaken, ...statements])
    await afterwards(doing, [subscriber], told)
  } catch (error) {
    if (isRaced(error)) return
    if (isPassing(error)) throw error
    const failures = row.failures + 1
    const reason = describeError(error).slice(0, limits.noteCharsMax)
    log.error("subscriber failed at an event", {
      subscriber: row.subscriber,
      organization: db.orgId,
      event: row.eventId,
      failures,
      error: reason,
    })
    const noted =
      failures < limits.retryFailuresMax ? [again(doing, isThisTry, failures, reason)] : givenUp(doing, row, isThisTry, failures, reason)
    await db.run(noted).catch((failure: unknown) => {
      if (!isRaced(failure)) throw failure
    })
  }
}

/** Each pause twice as long as the one before. */
const again = ({ db, now }: Dispatch, isThisTry: ReturnType<typeof and>, failures: number, error: string): Statement =>
  db.update(eventRetries, isThisTry, { failures, error, retryAt: now + limits.retryPauseSeconds * second * 2 ** (failures - 1) })

/** INV-EVT-4: what a subscriber keeps failing at becomes a dead letter for operators to see and replay. */
const givenUp = ({ db, now }: Dispatch, row: EventRetryRow, isThisTry: ReturnType<typeof and>, attempts: number, error: string) => {
  const id = newId("dlt", now)
  return [
    db.delete(eventRetries, isThisTry),
    guardTaken,
    keepLetter({
      id,
      source: id,
      queue: eventQueue,
      body: { kind: "event", org_id: db.orgId, event_id: row.eventId, subscriber: row.subscriber },
      attempts,
      error,
      firstSeenAt: now,
    }),
  ]
}

/** Best effort, by the subscribers' own contract. */
async function afterwards({ env }: Dispatch, subscribers: readonly Subscriber[], told: readonly StoredEvent[]): Promise<void> {
  const results = await Promise.allSettled(subscribers.map(async (subscriber) => subscriber.afterwards?.(env, told)))
  for (const [index, result] of results.entries()) {
    if (result.status === "rejected")
      log.warn("subscriber was not woken", { subscriber: subscribers[index]?.name, error: describeError(result.reason) })
  }
}
