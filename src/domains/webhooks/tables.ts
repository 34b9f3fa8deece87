import { sql } from "drizzle-orm"
import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { DeliveryId, EventId, WebhookId } from "../../kernel/ids.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { Attempt, DeliveryStatus, DisabledReason, EndpointStatus, FailureReason } from "./rules.ts"

/** One signing secret, sealed; see platform/auth/sealed.ts. The newest has no end, the ones it replaced do. */
export type SealedSecret = { readonly sealed: string; readonly expiresAt: number | null }

export const webhookEndpoints = tenantTable(
  "webhook_endpoints",
  {
    id: text("id").$type<WebhookId>().notNull(),
    url: text("url").notNull(),
    description: text("description"),
    /** Names of event types, or `*` alone. */
    eventTypes: text("event_types", { mode: "json" }).$type<readonly string[]>().notNull(),
    /** What of the permissions that events ask for its last editor held: it gets no event that needs another. */
    permissions: text("permissions", { mode: "json" }).$type<readonly Permission[]>().notNull(),
    status: text("status").$type<EndpointStatus>().notNull(),
    disabledReason: text("disabled_reason").$type<DisabledReason>(),
    /** Newest first. */
    secrets: text("secrets", { mode: "json" }).$type<readonly SealedSecret[]>().notNull(),
    /** The `kid` of the key that sealed them. */
    sealedBy: text("sealed_by").notNull(),
    /** Failed attempts since the last that succeeded, of all its deliveries. */
    failures: integer("failures").notNull(),
    failingSince: integer("failing_since"),
    /** Until then nothing is sent to it. */
    pausedUntil: integer("paused_until"),
    createdBy: text("created_by"),
    version: integer("version").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), index("webhook_endpoints_sealed_by").on(t.sealedBy)],
)

/** One event's way to one endpoint. */
export const webhookDeliveries = tenantTable(
  "webhook_deliveries",
  {
    id: text("id").$type<DeliveryId>().notNull(),
    webhookId: text("webhook_id").$type<WebhookId>().notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    eventType: text("event_type").notNull(),
    status: text("status").$type<DeliveryStatus>().notNull(),
    failureReason: text("failure_reason").$type<FailureReason>(),
    attempts: text("attempts", { mode: "json" }).$type<readonly Attempt[]>().notNull(),
    /** In all, replays included: the number of the newest attempt. */
    attemptsMade: integer("attempts_made").notNull(),
    /** Since it was made, or replayed. */
    attemptInSeries: integer("attempt_in_series").notNull(),
    /** Nobody starts an attempt before; while one is under way, the end of its lease. Null once finished. */
    nextAttemptAt: integer("next_attempt_at"),
    /** When the sweep looks at the row: pending, to send its queue message again; finished, to delete it. */
    dueAt: integer("due_at").notNull(),
    createdAt: integer("created_at").notNull(),
    finishedAt: integer("finished_at"),
    /** While an attempt is under way, when it is no longer believed in. */
    leasedUntil: integer("leased_until"),
    /** Since when it waits, due, for an attempt of its endpoint or organization to end. */
    parkedAt: integer("parked_at"),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    index("webhook_deliveries_endpoint").on(t.orgId, t.webhookId, t.id),
    index("webhook_deliveries_due").on(t.status, t.dueAt),
    index("webhook_deliveries_leased").on(t.orgId, t.webhookId, t.leasedUntil).where(sql`leased_until is not null`),
    index("webhook_deliveries_parked").on(t.orgId, t.webhookId, t.parkedAt).where(sql`parked_at is not null`),
  ],
)

export type EndpointRow = typeof webhookEndpoints.$inferSelect
export type DeliveryRow = typeof webhookDeliveries.$inferSelect
