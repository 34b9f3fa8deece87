import { sql } from "drizzle-orm"
import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { EventId, NotificationId, UserId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { MailId } from "../../platform/mail/mailer.ts"
import type { Choices, MailStatus } from "./rules.ts"

/** What a person was told of in the app. The id is the event's under another prefix, so it sorts by time and stands once a person. */
export const notifications = tenantTable(
  "notifications",
  {
    userId: text("user_id").$type<UserId>().notNull(),
    id: text("id").$type<NotificationId>().notNull(),
    type: text("type").notNull(),
    title: text("title").notNull(),
    body: text("body").notNull(),
    subjectKind: text("subject_kind"),
    subjectId: text("subject_id"),
    createdAt: integer("created_at").notNull(),
    readAt: integer("read_at"),
    expiresAt: integer("expires_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.userId, t.id] }),
    index("notifications_unread").on(t.orgId, t.userId, t.id).where(sql`read_at is null`),
    index("notifications_expires_at").on(t.expiresAt),
  ],
)

/** What a person chose otherwise than by default; no row where nothing was. */
export const notificationPreferences = tenantTable(
  "notification_preferences",
  {
    userId: text("user_id").$type<UserId>().notNull(),
    choices: text("choices", { mode: "json" }).$type<Choices>().notNull(),
    version: integer("version").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.userId] })],
)

/** Mails about events, that wait or went. */
export const mailOutbox = tenantTable(
  "mail_outbox",
  {
    eventId: text("event_id").$type<EventId>().notNull(),
    userId: text("user_id").$type<UserId>().notNull(),
    id: text("id").$type<MailId>().notNull(),
    status: text("status").$type<MailStatus>().notNull(),
    reason: text("reason"),
    /** How often a worker took it on. */
    attempts: integer("attempts").notNull(),
    /** When the next may: whoever takes it on moves this ahead by as long as it holds it. */
    dueAt: integer("due_at").notNull(),
    createdAt: integer("created_at").notNull(),
    /** The event's, to count by. Null in rows from before it was there. */
    eventType: text("event_type"),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.eventId, t.userId] }),
    index("mail_outbox_waiting").on(t.orgId, t.dueAt).where(sql`status = 'WAITING'`),
    index("mail_outbox_due").on(t.dueAt, t.orgId).where(sql`status = 'WAITING'`),
    index("mail_outbox_created_at").on(t.createdAt),
    index("mail_outbox_recent").on(t.orgId, t.userId, t.eventType, t.createdAt),
  ],
)

export type NotificationRow = typeof notifications.$inferSelect
export type PreferencesRow = typeof notificationPreferences.$inferSelect
export type OutboxRow = typeof mailOutbox.$inferSelect
