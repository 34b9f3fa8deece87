import { type SQL, sql } from "drizzle-orm"
import { inRounds } from "../../kernel/give-way.ts"
import { idFloor } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { day, hour, type Instant } from "../../kernel/time.ts"
import type { Meter } from "../db/meter.ts"
import { type AcrossDb, acrossTenants } from "../db/tenant-db.ts"
import type { Bindings } from "../env.ts"

const batchRows = 500
const batchesMax = 20
const mailDaysKept = 7

/**
 * Runs the statements as one batch, again and again while the last of them returns a full batch of rows, at most
 * twenty times: a backlog is worked off over several runs rather than in one that is cut short.
 */
export async function deleteInBatches(db: AcrossDb, rowsPerBatch: number, statements: readonly SQL[]): Promise<number> {
  let deleted = 0
  for await (const _batch of inRounds(batchesMax)) {
    const results = await db.query(...statements)
    const rows = results.at(-1)?.length ?? 0
    deleted += rows
    if (rows < rowsPerBatch) break
  }
  return deleted
}

/** Deletes kept answers after a day, kept mails after a week, dead letters that were replayed, and revocations that outlived what they concern. How many rows went. */
export async function cleanUpPlatform(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "clean-up of what has expired")
  const answers = await deleteInBatches(db, batchRows, [
    sql`delete from idempotency_keys where (org_id, id) in
      (select org_id, id from idempotency_keys where created_at <= ${now - limits.idempotencyHoursKept * hour} limit ${batchRows}) returning 1`,
  ])
  const mails = await deleteInBatches(db, batchRows, [
    sql`delete from kept_mails where id in (select id from kept_mails where id < ${idFloor("mal", now - mailDaysKept * day)} order by id limit ${batchRows}) returning 1`,
  ])
  const revocations = await deleteInBatches(db, batchRows, [
    sql`delete from revocations where seq in (select seq from revocations where expires_at <= ${now} limit ${batchRows}) returning 1`,
  ])
  const letters = await deleteInBatches(db, batchRows, [
    sql`delete from dead_letters where id in (select id from dead_letters indexed by dead_letters_status
      where status = 'REPLAYED' and id < ${idFloor("dlt", now - limits.deadLetterDaysKept * day)} order by id limit ${batchRows}) returning 1`,
  ])
  return answers + mails + revocations + letters
}
