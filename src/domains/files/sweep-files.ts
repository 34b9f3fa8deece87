import { sql } from "drizzle-orm"
import { inRounds } from "../../kernel/give-way.ts"
import { type FileId, idPrefixes, isId, type OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { hour, type Instant } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import { acrossTenants, TenantDb } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { objectKeys } from "../../platform/files/thumbnail.ts"
import { keepCursor, keptCursor } from "../../platform/jobs/cursor.ts"
import { objectKey } from "./rules.ts"
import { settleClaims } from "./settle-claims.ts"
import { fileStore } from "./store.ts"
import { type FileRow, files } from "./tables.ts"

/**
 * Ends what stopped half-way: uploads that were cut off, files that nothing refers to, deletions that met an outage, and
 * claims that whoever made them did not settle. Bounded: what is left comes next time. @returns how many files went.
 */
export async function sweepFiles(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "files that are due, whose ever they are")
  const due = sql`select org_id, id from files indexed by files_due_at where due_at <= ${now} order by due_at limit ${limits.fileSweepRowsMax}`
  let gone = 0
  for await (const _batch of inRounds(limits.fileSweepBatchesMax)) {
    const [, , rows = []] = await db.query(
      sql`update files set due_at = null where status = 'ATTACHED' and subject_kind <> 'product' and (org_id, id) in (${due})`,
      // INV-FIL-9: what is READY nothing shows, and nobody has claimed.
      sql`update files set status = 'DELETING' where status in ('UPLOADING', 'READY') and (org_id, id) in (${due})`,
      sql`select * from files where (org_id, id) in (${due})`,
    )
    const [claimed, deleting] = [rows.filter(({ status }) => status === "ATTACHED"), rows.filter(({ status }) => status === "DELETING")]
    await settleClaims(
      { env, meter, now },
      claimed.map((row) => decodeRow(files, row)),
    )
    await removeAll(
      env,
      meter,
      deleting.map((row) => decodeRow(files, row)),
    )
    gone += deleting.length
    if (rows.length < limits.fileSweepRowsMax) break
  }
  return gone
}

/** R2 takes this many keys in one call. */
const keysPerCall = 1_000

async function deleteObjects(env: Bindings, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += keysPerCall) await env.FILES.delete(keys.slice(from, from + keysPerCall))
}

async function removeAll(env: Bindings, meter: Meter, rows: readonly FileRow[]): Promise<void> {
  await deleteObjects(
    env,
    rows.flatMap((row) => objectKeys(objectKey(row))),
  )
  for (const [orgId, own] of Map.groupBy(rows, (row) => row.orgId)) {
    const db = TenantDb.forSystem(env, meter, orgId, "cron ends the deletion of files")
    await db.run(own.flatMap(({ id }) => fileStore(db).endDeleting(id)))
  }
}

const cursorName = "orphans"

/**
 * Deletes objects that no row knows: a file whose upload outlived its row, a thumbnail made while its file was deleted.
 * Walks the bucket some pages at a time, and goes on from there the next time. @returns how many objects went.
 */
export async function sweepOrphans(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "objects of the bucket that no row knows")
  let cursor = await keptCursor(db, cursorName)
  let gone = 0
  for await (const _page of inRounds(limits.fileOrphanPagesMax)) {
    const listed = await env.FILES.list(cursor === undefined ? {} : { cursor })
    const old = listed.objects.filter(({ uploaded }) => uploaded.getTime() <= now - limits.fileUnattachedHours * hour)
    const owners = old.flatMap(({ key }) => ownerOf(key) ?? [])
    const [unknown = []] = await db.query(
      sql`select value ->> 2 as key from json_each(${JSON.stringify(owners)}) where not exists (select 1 from files where org_id = value ->> 0 and id = value ->> 1)`,
    )
    await deleteObjects(
      env,
      unknown.map(({ key }) => String(key)),
    )
    gone += unknown.length
    cursor = listed.truncated ? listed.cursor : undefined
    if (cursor === undefined) break
  }
  await keepCursor(db, cursorName, cursor)
  return gone
}

/** The row that an object's key names; undefined for what is no file's. */
function ownerOf(key: string): readonly [readonly [orgId: OrganizationId, id: FileId, key: string]] | undefined {
  const [orgId = "", , id = ""] = key.split("/")
  return isId(idPrefixes.organization, orgId) && isId(idPrefixes.file, id) ? [[orgId, id, key]] : undefined
}
