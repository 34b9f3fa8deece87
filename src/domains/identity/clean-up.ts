import { type SQL, sql } from "drizzle-orm"
import { idFloor } from "../../kernel/ids.ts"
import { day, type Instant } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { deleteInBatches } from "../../platform/jobs/clean-up.ts"
import { refreshLifetimeMs } from "./tokens.ts"

/** Spent tokens stay this much longer than they were good, so that a late replay still says what it is. */
const replayKnownMs = day

const batchRows = 500

/**
 * Deletes what has expired: refresh tokens with the sessions they were the last of, reset tokens, invitations. Bounded:
 * what a run leaves, the next one takes. How many rows went.
 */
export async function cleanUpIdentity(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "clean-up of what has expired")
  // Ids sort by time, so that the oldest tokens are the first of the key and nothing else is read.
  const oldTokens: SQL = sql`select id, org_id, user_id, session_id from refresh_tokens
    where id < ${idFloor("rft", now - refreshLifetimeMs - replayKnownMs)} order by id limit ${batchRows}`
  const tokens = await deleteInBatches(db, batchRows, [
    sql`delete from sessions where expires_at <= ${now} and (org_id, user_id, id) in (select org_id, user_id, session_id from (${oldTokens}))`,
    sql`delete from refresh_tokens where id in (select id from (${oldTokens})) returning 1`,
  ])
  const resets = await deleteInBatches(db, batchRows, [
    sql`delete from reset_tokens where hash in (select hash from reset_tokens where expires_at <= ${now} limit ${batchRows}) returning 1`,
  ])
  const invitations = await deleteInBatches(db, batchRows, [
    sql`delete from invitations where (org_id, id) in (select org_id, id from invitations where expires_at <= ${now} limit ${batchRows}) returning 1`,
  ])
  return tokens + resets + invitations
}
