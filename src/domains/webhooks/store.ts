import { and, desc, eq, gt, lt, ne, type SQL, sql } from "drizzle-orm"
import type { DeliveryId, WebhookId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { day, type Instant } from "../../kernel/time.ts"
import { oldestFirst } from "../../platform/db/by-id.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard, guardChanged } from "../../platform/db/guards.ts"
import type { Scan } from "../../platform/db/scan.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type EventRow, events } from "../../platform/events/tables.ts"
import type { Attempt, DeliveryStatus, FailureReason, Health, Outcome } from "./rules.ts"
import { type DeliveryRow, type EndpointRow, webhookDeliveries, webhookEndpoints } from "./tables.ts"

/** What a delivery's turn found: the row as it is now, and what it concerns. `isLeased`: this attempt is ours to make. */
export type Turn = {
  readonly isLeased: boolean
  readonly delivery: DeliveryRow
  readonly endpoint: EndpointRow | undefined
  readonly event: EventRow | undefined
  readonly isOrganizationActive: boolean
}

export type NewDelivery = Pick<DeliveryRow, "id" | "webhookId" | "eventId" | "eventType">

/** What a delivery has when it is over, one way or the other. */
const over = (now: Instant) => ({
  nextAttemptAt: null,
  dueAt: now + limits.webhookDeliveryDaysKept * day,
  finishedAt: now,
  parkedAt: null,
})

/** An attempt that has begun. */
const begun = (now: Instant): SQL =>
  sql`json_object('n', attempts_made + 1, 'at', ${now}, 'status', null, 'error', null, 'durationMs', null, 'answer', null)`

/** How many attempts of an organization are under way, to one endpoint or to all; `of` is the endpoint's column. Reads no more than may be. */
const underWay = (orgId: string, now: Instant, of?: SQL): SQL =>
  sql`(select count(*) from webhook_deliveries l indexed by webhook_deliveries_leased
    where l.org_id = ${orgId} ${of === undefined ? sql`` : sql`and l.webhook_id = ${of}`} and l.leased_until > ${now})`

/** INV-WHK-9: whether one more may begin. */
const hasRoom = (orgId: string, now: Instant, of: SQL): SQL =>
  sql`(${underWay(orgId, now, of)} < ${limits.webhookAttemptsPerEndpoint} and ${underWay(orgId, now)} < ${limits.webhookAttemptsPerOrganization})`

export const webhookStore = (db: TenantDb) => {
  const ofEndpoint = (row: EndpointRow): SQL | undefined => and(eq(webhookEndpoints.id, row.id), eq(webhookEndpoints.version, row.version))
  const ofDelivery = (id: DeliveryId): SQL => eq(webhookDeliveries.id, id)
  /** A delivery that is not over, and of which no attempt has begun since the one numbered `n`. */
  const stillAt = (id: DeliveryId, n: number): SQL | undefined =>
    and(ofDelivery(id), eq(webhookDeliveries.status, "PENDING"), eq(webhookDeliveries.attemptsMade, n))

  return {
    byId: (id: WebhookId) => db.byId(webhookEndpoints, id),

    /** Oldest first. */
    page: (page: { readonly after: WebhookId | undefined; readonly rowsMax: number }) => oldestFirst(db, webhookEndpoints, page),

    /** Those that events go to; none where the organization is deactivated. */
    active: async (): Promise<EndpointRow[]> => {
      const [rows = []] = await db.query(
        (orgId) => sql`select e.* from organizations o cross join webhook_endpoints e on e.org_id = o.id
          where o.id = ${orgId} and o.status = 'ACTIVE' and e.org_id = ${orgId} and e.status = 'ACTIVE' limit ${limits.webhooksMax}`,
      )
      return rows.map((row) => decodeRow(webhookEndpoints, row))
    },

    insert: (row: EndpointRow): Statement => db.insert(webhookEndpoints, row),

    /** On the version that the change was decided on, or the whole batch is refused. */
    replace: (before: EndpointRow, after: EndpointRow): Statement[] => {
      const { orgId: _orgId, id: _id, createdAt: _createdAt, createdBy: _createdBy, ...changes } = after
      return [db.update(webhookEndpoints, ofEndpoint(before), changes), guardChanged("VERSION_MISMATCH")]
    },

    /** For a batch: refuses it if a success has ended the failures that this row knows of. */
    stillFailing: ({ id, failingSince }: EndpointRow): Statement =>
      guard(
        "CONFLICT",
        sql`exists (select 1 from webhook_endpoints where org_id = ${db.orgId} and id = ${id} and failing_since is ${failingSince})`,
      ),

    delete: (row: EndpointRow): Statement[] => [db.delete(webhookEndpoints, ofEndpoint(row)), guardChanged("VERSION_MISMATCH")],

    delivery: (webhookId: WebhookId, id: DeliveryId) =>
      db.one(webhookDeliveries, and(ofDelivery(id), eq(webhookDeliveries.webhookId, webhookId))),

    /** Newest first, on one walk of the endpoint's index. With a status, `filterScanRowsMax` rows are looked at, twice. */
    deliveries: async (
      webhookId: WebhookId,
      page: { readonly before: DeliveryId | undefined; readonly status: DeliveryStatus | undefined; readonly rowsMax: number },
    ): Promise<Scan<DeliveryRow>> => {
      const where = and(
        eq(webhookDeliveries.webhookId, webhookId),
        page.before === undefined ? undefined : lt(webhookDeliveries.id, page.before),
      )
      if (page.status === undefined) {
        const orderBy = [desc(webhookDeliveries.id)]
        const rows = await db.many(webhookDeliveries, { where, orderBy, limit: page.rowsMax, indexedBy: "webhook_deliveries_endpoint" })
        return { rows, stoppedAt: undefined }
      }
      const bound = limits.filterScanRowsMax
      const scanned = (orgId: string, columns: SQL): SQL =>
        sql`(select ${columns} from webhook_deliveries indexed by webhook_deliveries_endpoint
          where webhook_deliveries.org_id = ${orgId} and ${where} order by id desc limit ${bound})`
      const [found = [], [end] = []] = await db.query(
        (orgId) => sql`select * from ${scanned(orgId, sql`*`)} where status = ${page.status} order by id desc limit ${page.rowsMax}`,
        (orgId) => sql`select count(*) as looked_at, min(id) as last_id from ${scanned(orgId, sql`id`)}`,
      )
      const rows = found.map((row) => decodeRow(webhookDeliveries, row))
      const isCutShort = end?.["looked_at"] === bound && rows.length < page.rowsMax
      return { rows, stoppedAt: isCutShort ? String(end["last_id"]) : undefined }
    },

    /** INV-WHK-1: once an event and endpoint, however often it comes. */
    insertDeliveries: (rows: readonly NewDelivery[], now: Instant): Statement =>
      db.statement(
        (orgId) => sql`insert into webhook_deliveries
          (org_id, id, webhook_id, event_id, event_type, status, attempts, attempts_made, attempt_in_series, next_attempt_at, due_at, created_at)
          select ${orgId}, value ->> 0, value ->> 1, value ->> 2, value ->> 3, 'PENDING', '[]', 0, 0, ${now}, ${now + limits.webhookWakeAgainMs}, ${now}
          from json_each(${JSON.stringify(rows.map((row) => [row.id, row.webhookId, row.eventId, row.eventType]))}) where true
          on conflict (org_id, id) do nothing`,
      ),

    /**
     * INV-WHK-2: takes a delivery that is due for one attempt and writes that attempt down, in one statement, so that of
     * many who try one gets it; the lease ends by itself. Where its endpoint rests, puts it off to `spreadMs` after that.
     * INV-WHK-9: where as many are under way as may be, parks it. Leaves it alone where there is nobody to send to or
     * nothing to send. Undefined where the row is gone.
     */
    takeTurn: async (id: DeliveryId, now: Instant, spreadMs: number): Promise<Turn | undefined> => {
      const isDue = sql`webhook_deliveries.id = ${id} and status = 'PENDING' and next_attempt_at <= ${now}`
      const later = sql`(select paused_until + ${spreadMs} from webhook_endpoints e
        where e.org_id = webhook_deliveries.org_id and e.id = webhook_deliveries.webhook_id and e.status = 'ACTIVE' and e.paused_until > ${now})`
      const itsEndpoint = sql`webhook_deliveries.webhook_id`
      const [, leased = [], , [row] = [], [endpoint] = [], [event] = [], [organization] = []] = await db.query(
        (orgId) => sql`update webhook_deliveries set next_attempt_at = ${later}, due_at = ${later}, parked_at = null
          where org_id = ${orgId} and ${isDue} and ${later} is not null`,
        (
          orgId,
        ) => sql`update webhook_deliveries set attempts = json_insert(attempts, '$[#]', ${begun(now)}), attempts_made = attempts_made + 1,
            attempt_in_series = attempt_in_series + 1, next_attempt_at = ${now + limits.webhookLeaseMs}, due_at = ${now + limits.webhookLeaseMs},
            leased_until = ${now + limits.webhookLeaseMs}, parked_at = null
          where org_id = ${orgId} and ${isDue} and ${hasRoom(orgId, now, itsEndpoint)}
            and exists (select 1 from webhook_endpoints e where e.org_id = ${orgId} and e.id = webhook_deliveries.webhook_id and e.status = 'ACTIVE')
            and exists (select 1 from organizations o where o.id = ${orgId} and o.status = 'ACTIVE')
            and exists (select 1 from events v where v.org_id = ${orgId} and v.id = webhook_deliveries.event_id)
          returning id`,
        (orgId) => sql`update webhook_deliveries set parked_at = ${now}, due_at = ${now + limits.webhookParkedMs + spreadMs}
          where org_id = ${orgId} and ${isDue} and not ${hasRoom(orgId, now, itsEndpoint)}`,
        (orgId) => sql`select * from webhook_deliveries where org_id = ${orgId} and id = ${id}`,
        (orgId) => sql`select * from webhook_endpoints where org_id = ${orgId}
          and id = (select webhook_id from webhook_deliveries where org_id = ${orgId} and id = ${id})`,
        (orgId) => sql`select * from events indexed by events_org_id_id where org_id = ${orgId}
          and id = (select event_id from webhook_deliveries where org_id = ${orgId} and id = ${id})`,
        (orgId) => sql`select status from organizations where id = ${orgId}`,
      )
      if (row === undefined) return undefined
      return {
        isLeased: leased.length > 0,
        delivery: decodeRow(webhookDeliveries, row),
        endpoint: endpoint === undefined ? undefined : decodeRow(webhookEndpoints, endpoint),
        event: event === undefined ? undefined : decodeRow(events, event),
        isOrganizationActive: organization?.["status"] === "ACTIVE",
      }
    },

    /** What came of an attempt, into its place in the log, whatever has begun since. */
    noteOutcome: (id: DeliveryId, n: number, { status, error, durationMs, answer }: Outcome): Statement => {
      const noted = sql`json_set(value, '$.status', ${status}, '$.error', ${error}, '$.durationMs', ${durationMs}, '$.answer', ${answer})`
      return db.update(webhookDeliveries, ofDelivery(id), {
        attempts: sql`(select json_group_array(json(case when value ->> 'n' = ${n} then ${noted} else value end) order by key)
          from json_each(webhook_deliveries.attempts))`,
        leasedUntil: sql`case when attempts_made = ${n} then null else leased_until end`,
      })
    },

    /**
     * For the batch that ends an attempt: the parked deliveries that may come next, from now on as if their messages had
     * been sent. Of the endpoints with room, those with the fewest under way; each one's own in the order they came. One
     * for the one that ended, or as many as an endpoint has places where nothing is under way any more.
     */
    unpark: (now: Instant): Statement => {
      const isFree = sql`e.status = 'ACTIVE' and coalesce(e.paused_until, 0) <= ${now}`
      return db.statement(
        (orgId) => sql`update webhook_deliveries set parked_at = null, due_at = ${now + limits.webhookWakeAgainMs}
          where org_id = ${orgId} and id in (select d.id from webhook_endpoints e join webhook_deliveries d
            on d.org_id = e.org_id and d.id in (select p.id from webhook_deliveries p indexed by webhook_deliveries_parked
              where p.org_id = ${orgId} and p.webhook_id = e.id and p.parked_at is not null order by p.parked_at limit ${limits.webhookAttemptsPerEndpoint})
            where e.org_id = ${orgId} and ${isFree} and ${hasRoom(orgId, now, sql`e.id`)}
            order by ${underWay(orgId, now, sql`e.id`)}, d.parked_at limit max(1, ${limits.webhookAttemptsPerEndpoint} - ${underWay(orgId, now)})) returning id`,
      )
    },

    /** It arrived, whatever else is believed of it. */
    markDelivered: (id: DeliveryId, now: Instant): Statement =>
      db.update(webhookDeliveries, and(ofDelivery(id), ne(webhookDeliveries.status, "DELIVERED")), {
        status: "DELIVERED",
        failureReason: null,
        ...over(now),
      }),

    /** After attempt `n`, unless another has begun since. */
    markFailed: (id: DeliveryId, n: number, reason: FailureReason, now: Instant): Statement =>
      db.update(webhookDeliveries, stillAt(id, n), {
        status: "FAILED",
        failureReason: reason,
        ...over(now),
      }),

    /** The next attempt, unless it has begun already. `dueAt` is when the sweep sees to it. */
    scheduleNext: (id: DeliveryId, n: number, nextAttemptAt: Instant, dueAt: Instant): Statement =>
      db.update(webhookDeliveries, stillAt(id, n), {
        nextAttemptAt,
        dueAt,
      }),

    /** One more series of attempts, the log of the earlier ones shortened. */
    restart: (row: DeliveryRow, attempts: readonly Attempt[], now: Instant): Statement[] => [
      db.update(webhookDeliveries, and(ofDelivery(row.id), ne(webhookDeliveries.status, "PENDING")), {
        status: "PENDING",
        failureReason: null,
        attempts,
        attemptInSeries: 0,
        nextAttemptAt: now,
        dueAt: now + limits.webhookWakeAgainMs,
        finishedAt: null,
      }),
      guardChanged("INVALID_TRANSITION"),
    ],

    deleteDelivery: (id: DeliveryId): Statement => db.delete(webhookDeliveries, ofDelivery(id)),

    /** Counted in the database, since attempts of one endpoint end side by side. */
    noteFailure: (id: WebhookId, { failingSince, pausedUntil }: Health): Statement =>
      db.update(webhookEndpoints, eq(webhookEndpoints.id, id), {
        failures: sql`failures + 1`,
        failingSince: sql`coalesce(failing_since, ${failingSince})`,
        ...(pausedUntil === null ? {} : { pausedUntil: sql`max(coalesce(paused_until, 0), ${pausedUntil})` }),
      }),

    noteSuccess: (id: WebhookId): Statement =>
      db.update(webhookEndpoints, and(eq(webhookEndpoints.id, id), gt(webhookEndpoints.failures, 0)), {
        failures: 0,
        failingSince: null,
        pausedUntil: null,
      }),
  }
}

export type WebhookStore = ReturnType<typeof webhookStore>
