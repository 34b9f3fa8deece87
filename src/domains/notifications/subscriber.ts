import { newId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Statement } from "../../platform/db/executor.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { appendOnly, type ProjectedRow } from "../../platform/db/projection.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import type { StoredEvent, Subscriber } from "../../platform/events/subscriber.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { type Candidate, candidatesOf } from "./audience.ts"
import { outbox } from "./outbox.ts"
import { expiryOf, MailAllowance, notificationIdOf, recipientsOf } from "./rules.ts"
import { mailOutbox, notifications } from "./tables.ts"
import { shownOf } from "./templates.ts"
import { topicOf } from "./topics.ts"

const toldRows = appendOnly(notifications, ["org_id", "user_id", "id"])
const mailRows = appendOnly(mailOutbox, ["org_id", "event_id", "user_id"])

/** A statement's one parameter stays well under D1's 2 MB. */
const parameterCharsMax = 500_000
const rowsPerStatementMax = 1_000

/** Who is told of what: rows keyed by event and person, so that the same events again add nothing (INV-NTF-1). */
async function plan(env: Bindings, meter: Meter, events: readonly StoredEvent[], now: Instant): Promise<readonly Statement[]> {
  const told = events.flatMap((event) => {
    const topic = topicOf(event.type)
    return topic === undefined ? [] : [{ event, topic }]
  })
  const [first] = told
  if (first === undefined) return []
  const { orgId } = first.event
  const db = TenantDb.forSystem(env, meter, orgId, "events tell the people of the organization they happened to")
  const people = await candidatesOf(db, events)
  const mailed = told.map(({ event, topic }) => ({ event, topic, to: recipientsOf(people, event, topic, "mail") }))
  const allowance = await allowanceOf(db, mailed, now)
  const inApp: ProjectedRow[] = []
  const byMail: ProjectedRow[] = []
  for (const { event, topic, to } of mailed) {
    const { title, body, subject } = shownOf(topic, event.data)
    const [byMailToo, inAppAlone] = allowance.split(event.type, to)
    // What is no mail any more is told in the app, also to whoever wants this type by mail alone.
    for (const { id: userId } of new Set([...recipientsOf(people, event, topic, "in_app"), ...inAppAlone])) {
      inApp.push(
        toldRows.encode({
          orgId,
          userId,
          id: notificationIdOf(event.id),
          type: event.type,
          title,
          body,
          subjectKind: subject?.kind ?? null,
          subjectId: subject?.id ?? null,
          createdAt: event.at,
          readAt: null,
          expiresAt: expiryOf(now, null),
        }),
      )
    }
    for (const { id: userId } of byMailToo) {
      const waiting = { id: newId("mal", now), status: "WAITING", reason: null, attempts: 0, dueAt: now, createdAt: now } as const
      byMail.push(mailRows.encode({ orgId, eventId: event.id, eventType: event.type, userId, ...waiting }))
    }
  }
  return [...inBounds(inApp).map(toldRows.insert), ...inBounds(byMail).map(mailRows.insert)]
}

/** INV-NTF-8, for the events at hand: what each person was to get of each type within the hour. */
async function allowanceOf(
  db: TenantDb,
  mailed: ReadonlyArray<{ readonly event: StoredEvent; readonly to: readonly Candidate[] }>,
  now: Instant,
): Promise<MailAllowance> {
  const ids = new Map<string, Set<Candidate["id"]>>()
  for (const { event, to } of mailed) ids.set(event.type, new Set([...(ids.get(event.type) ?? []), ...to.map(({ id }) => id)]))
  const pairs = [...ids].flatMap(([type, people]) => [...people].map((id) => [id, type] as const))
  if (pairs.length === 0) return new MailAllowance([])
  const events = mailed.map(({ event }) => event.id)
  return new MailAllowance(await outbox(db).recent(pairs, events, now))
}

/** Rows as JSON, so many a statement. */
function inBounds(rows: readonly ProjectedRow[]): string[][] {
  const parts: string[][] = []
  let chars = 0
  for (const row of rows) {
    const text = JSON.stringify(row)
    const last = parts.at(-1)
    if (last === undefined || last.length >= rowsPerStatementMax || chars + text.length > parameterCharsMax) {
      parts.push([text])
      chars = text.length
    } else {
      last.push(text)
      chars += text.length
    }
  }
  return parts
}

export const notificationsSubscriber: Subscriber = {
  name: "notifications",
  plan,
  /** Wakes whoever sends the mails. Never throws: a message that is lost is no mail lost, since the sweep looks every minute. */
  async afterwards(env, events) {
    const mailing = events.filter(({ type }) => topicOf(type)?.offers.includes("mail") === true)
    try {
      for (const orgId of new Set(mailing.map((event) => event.orgId))) await env.EVENTS.send({ kind: "mails", org_id: orgId })
    } catch (error) {
      log.warn("the mailer was not woken", { error: describeError(error) })
    }
  },
}
