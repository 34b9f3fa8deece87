import { sql } from "drizzle-orm"
import type { EventId, OrganizationId, UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { hour, type Instant, second } from "../../kernel/time.ts"
import { isPermission, type Permission } from "../../platform/auth/permissions.ts"
import type { Row } from "../../platform/db/executor.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import { takeDue } from "../../platform/db/take-due.ts"
import type { AcrossDb, TenantDb } from "../../platform/db/tenant-db.ts"
import type { MailVerdict } from "./rules.ts"
import { mailOutbox, type OutboxRow } from "./tables.ts"

/** The event that a mail is about, as it stands in D1. */
type MailedEvent = { readonly type: string; readonly permission: Permission; readonly data: unknown }

/** A mail that this worker has taken on. */
export type Leased = { readonly row: OutboxRow; readonly event: MailedEvent | undefined }

/** A mail that this worker is done with, for now or for good. One that it did not try keeps its tries. */
export type Settled = { readonly row: OutboxRow; readonly verdict: MailVerdict; readonly wasTried: boolean }

export const outbox = (db: TenantDb) => ({
  /**
   * Takes on mails that are due: one statement moves their time ahead and counts the try, so that nobody else takes them
   * until the lease runs out (INV-NTF-5). With their events, in the same trip.
   */
  async lease(now: Instant): Promise<readonly Leased[]> {
    const until = now + limits.mailLeaseSeconds * second
    const [rows = [], eventRows = []] = await db.query(
      (orgId) =>
        takeDue({
          table: "mail_outbox",
          key: ["org_id", "event_id", "user_id"],
          index: "mail_outbox_waiting",
          where: sql`org_id = ${orgId} and status = 'WAITING'`,
          now,
          rowsMax: limits.mailLeaseRows,
          set: sql`attempts = attempts + 1, due_at = ${until}`,
          returning: sql`*`,
        }),
      (orgId) => sql`select id, type, permission, data from events indexed by events_org_id_id
        where org_id = ${orgId} and id in (select event_id from mail_outbox indexed by mail_outbox_waiting
          where org_id = ${orgId} and status = 'WAITING' and due_at = ${until})`,
    )
    const events = new Map(eventRows.map((row) => [row["id"], eventOf(row)]))
    return rows.map((row) => ({ row: decodeRow(mailOutbox, row), event: events.get(row["event_id"]) }))
  },

  /**
   * How many mails of a type each of these people was to get within the last hour, counted up to the most they may;
   * those about the events at hand are not counted, so that planning them twice plans the same.
   */
  async recent(
    pairs: ReadonlyArray<readonly [UserId, string]>,
    events: readonly EventId[],
    now: Instant,
  ): Promise<ReadonlyArray<{ readonly userId: UserId; readonly type: string; readonly mails: number }>> {
    const [rows = []] = await db.query(
      (orgId) => sql`select p.value ->> 0 as user_id, p.value ->> 1 as type,
          (select count(*) from (select 1 from mail_outbox m indexed by mail_outbox_recent where m.org_id = ${orgId}
            and m.user_id = p.value ->> 0 and m.event_type = p.value ->> 1 and m.created_at > ${now - hour}
            and m.event_id not in (select value from json_each(${JSON.stringify(events)})) limit ${limits.mailsPerTypeAndHourMax})) as mails
        from json_each(${JSON.stringify(pairs)}) p`,
    )
    return rows.map((row) => ({ userId: String(row["user_id"]) as UserId, type: String(row["type"]), mails: Number(row["mails"]) }))
  },

  /** What became of mails that this worker took on. One that somebody else took on since, because the lease ran out, is theirs to settle unless it went. */
  async settle(settled: readonly Settled[]): Promise<void> {
    const json = JSON.stringify(
      settled.map(({ row, verdict, wasTried }) => [
        row.eventId,
        row.userId,
        row.attempts,
        verdict.status,
        verdict.reason,
        verdict.dueAt,
        wasTried ? row.attempts : row.attempts - 1,
      ]),
    )
    await db.query(
      (orgId) => sql`update mail_outbox set status = v.status, reason = v.reason, due_at = v.due_at, attempts = v.attempts_now
        from (select value ->> 0 as event_id, value ->> 1 as user_id, value ->> 2 as attempts, value ->> 3 as status, value ->> 4 as reason,
          value ->> 5 as due_at, value ->> 6 as attempts_now from json_each(${json})) v
        where mail_outbox.org_id = ${orgId} and mail_outbox.event_id = v.event_id and mail_outbox.user_id = v.user_id
        and mail_outbox.status = 'WAITING' and (mail_outbox.attempts = v.attempts or v.status = 'SENT')`,
    )
  },
})

const eventOf = (row: Row): MailedEvent | undefined => {
  const permission = String(row["permission"])
  return isPermission(permission) ? { type: String(row["type"]), permission, data: JSON.parse(String(row["data"])) } : undefined
}

/**
 * Organizations with mails that are due, those that wait longest first. Goes from organization to organization, so that
 * the many mails of one hide no other's.
 */
export async function organizationsWithMail(db: AcrossDb, now: Instant): Promise<readonly OrganizationId[]> {
  const [rows = []] = await db.query(
    sql`with recursive waiting (org_id) as (
        select min(org_id) from mail_outbox indexed by mail_outbox_waiting where status = 'WAITING'
        union all
        select (select min(m.org_id) from mail_outbox m indexed by mail_outbox_waiting where m.status = 'WAITING' and m.org_id > w.org_id)
          from waiting w where w.org_id is not null limit ${limits.mailOrganizationsLookedAtMax})
      select org_id from (select w.org_id, (select min(m.due_at) from mail_outbox m indexed by mail_outbox_waiting
          where m.status = 'WAITING' and m.org_id = w.org_id) as due_at from waiting w where w.org_id is not null)
        where due_at <= ${now} order by due_at limit ${limits.mailOrganizationsPerSweepMax}`,
  )
  return rows.map((row) => String(row["org_id"]) as OrganizationId)
}
