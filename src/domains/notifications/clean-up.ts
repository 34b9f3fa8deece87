import { sql } from "drizzle-orm"
import { limits } from "../../kernel/limits.ts"
import { day, type Instant } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { deleteInBatches } from "../../platform/jobs/clean-up.ts"

const batchRows = 500

/** Deletes notifications that were read or lay there long enough, and what the outbox remembers of old mails. Bounded; how many rows went. */
export async function cleanUpNotifications(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "clean-up of old notifications and mails")
  const told = await deleteInBatches(db, batchRows, [
    sql`delete from notifications where (org_id, user_id, id) in (select org_id, user_id, id from notifications
      indexed by notifications_expires_at where expires_at <= ${now} limit ${batchRows}) returning 1`,
  ])
  const mails = await deleteInBatches(db, batchRows, [
    sql`delete from mail_outbox where (org_id, event_id, user_id) in (select org_id, event_id, user_id from mail_outbox
      indexed by mail_outbox_created_at where created_at <= ${now - limits.mailDaysKept * day} limit ${batchRows}) returning 1`,
  ])
  return told + mails
}
