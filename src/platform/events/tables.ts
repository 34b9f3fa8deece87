import { index, integer, primaryKey, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import type { AuditId, DeadLetterId, EventId } from "../../kernel/ids.ts"
import { platformTable, tenantTable } from "../db/tables.ts"

type ActorKind = "USER" | "API_KEY" | "SYSTEM"

/** Who did what, append-only; listed newest first by its key, since ids sort by time. */
export const auditLogs = tenantTable(
  "audit_logs",
  {
    id: text("id").$type<AuditId>().notNull(),
    actorKind: text("actor_kind").$type<ActorKind>().notNull(),
    actorId: text("actor_id"),
    actorName: text("actor_name"),
    action: text("action").notNull(),
    entity: text("entity").notNull(),
    entityId: text("entity_id").notNull(),
    before: text("before", { mode: "json" }).$type<unknown>(),
    after: text("after", { mode: "json" }).$type<unknown>(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    at: integer("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] })],
)

/** What happened, one row per organization it concerns. `seq` is commit order and the cursor of every reader. */
export const events = tenantTable(
  "events",
  {
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    id: text("id").$type<EventId>().notNull(),
    type: text("type").notNull(),
    permission: text("permission").notNull(),
    data: text("data", { mode: "json" }).$type<unknown>().notNull(),
    at: integer("at").notNull(),
    /** The user or API key whose act it was; null for the system's own. Last, since ledgers hold rows from before it was there. */
    actorId: text("actor_id"),
  },
  (t) => [uniqueIndex("events_org_id_id").on(t.orgId, t.id), index("events_org_id_seq").on(t.orgId, t.seq)],
)

/** How far an organization's events were handed out to the subscribers: `seq` is the last one's. */
export const eventCursors = tenantTable("event_cursors", { seq: integer("seq").notNull(), movedAt: integer("moved_at").notNull() }, (t) => [
  primaryKey({ columns: [t.orgId] }),
])

/** An event that one subscriber failed at and is given again, apart from the others. */
export const eventRetries = tenantTable(
  "event_retries",
  {
    eventId: text("event_id").$type<EventId>().notNull(),
    subscriber: text("subscriber").notNull(),
    failures: integer("failures").notNull(),
    error: text("error"),
    retryAt: integer("retry_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.eventId, t.subscriber] })],
)

/** An organization that the sweep looks after: it has events that were not handed out in time, or are to be given again. */
export const eventLaggards = tenantTable("event_laggards", { lookAt: integer("look_at").notNull() }, (t) => [
  primaryKey({ columns: [t.orgId] }),
  index("event_laggards_look_at").on(t.lookAt),
])

/** One row: every event up to `seq` is known to be handed out, or its organization to be behind. */
export const eventSweep = platformTable("event_sweep", { one: integer("one").primaryKey(), seq: integer("seq").notNull() })

type DeadLetterStatus = "WAITING" | "REPLAYED"

/** What the queue gave up. `source` names where it came from, so that it is written down once however often it is told. */
export const deadLetters = platformTable(
  "dead_letters",
  {
    id: text("id").$type<DeadLetterId>().primaryKey(),
    source: text("source").notNull().unique(),
    queue: text("queue").notNull(),
    body: text("body", { mode: "json" }).$type<unknown>().notNull(),
    attempts: integer("attempts").notNull(),
    error: text("error"),
    status: text("status").$type<DeadLetterStatus>().notNull(),
    firstSeenAt: integer("first_seen_at").notNull(),
    replayedAt: integer("replayed_at"),
  },
  (t) => [index("dead_letters_status").on(t.status, t.id)],
)

/** Answers kept for 24 hours, so that a repeated Idempotency-Key gets the first answer again. */
export const idempotencyKeys = tenantTable(
  "idempotency_keys",
  {
    id: text("id").notNull(),
    requestHash: text("request_hash").notNull(),
    status: integer("status").notNull(),
    headers: text("headers", { mode: "json" }).$type<Record<string, string>>().notNull(),
    body: text("body", { mode: "json" }).$type<unknown>(),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), index("idempotency_keys_created_at").on(t.createdAt)],
)

/** Mails kept instead of sent where no mail service is configured; `/dev/mail` reads them in development. */
export const keptMails = platformTable(
  "kept_mails",
  {
    id: text("id").primaryKey(),
    recipient: text("recipient").notNull(),
    subject: text("subject").notNull(),
    text: text("text").notNull(),
    html: text("html").notNull(),
    token: text("token"),
    sentAt: integer("sent_at").notNull(),
  },
  (t) => [index("kept_mails_recipient").on(t.recipient, t.id)],
)

export type AuditRow = typeof auditLogs.$inferSelect
export type EventRow = typeof events.$inferSelect
export type EventRetryRow = typeof eventRetries.$inferSelect
export type DeadLetterRow = typeof deadLetters.$inferSelect
