import { sql } from "drizzle-orm"
import type { OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { Meter } from "../db/meter.ts"
import { type AcrossDb, acrossTenants } from "../db/tenant-db.ts"
import type { Bindings } from "../env.ts"
import { log } from "../log/log.ts"
import { queueEvents } from "./queue.ts"

/**
 * INV-EVT-5: an event whose message was lost, or never sent, is found within a minute or so: every event after the one
 * that the last sweep got to is looked at, with how far its organization's were handed out. Organizations that are behind
 * are put into the queue again, and those with an event to be given again whose time has come.
 */
export async function sweepEvents(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "the sweep looks for events that were not handed out")
  const { late, seq, isWhole } = await lookThrough(db, now)
  const [retries = []] = await db.query(
    sql`select distinct org_id from event_retries indexed by event_retries_retry_at where retry_at <= ${now} limit ${limits.sweepRowsMax}`,
  )
  const due = new Set([...late, ...retries.map((row) => row["org_id"] as OrganizationId)])
  await queueEvents(env, [...due])
  await db.run([db.statement(sql`update event_sweep set seq = ${seq} where one = 1 and seq < ${seq}`)])
  if (!isWhole) log.warn("events are further behind than a sweep looks", { from: seq, organizations: late.size })
  return due.size
}

type Found = { readonly late: ReadonlySet<OrganizationId>; readonly seq: number; readonly isWhole: boolean }

/** `seq` is the last event before which all are handed out. */
async function lookThrough(db: AcrossDb, now: Instant): Promise<Found> {
  const late = new Set<OrganizationId>()
  const [[first] = []] = await db.query(sql`select seq from event_sweep where one = 1`)
  let seq = Number(first?.["seq"] ?? 0)
  let looked = seq
  for (let round = 0; round < limits.sweepRoundsMax; round += 1) {
    const [rows = []] = await db.query(
      sql`select e.seq, e.org_id, e.at, e.seq <= coalesce(c.seq, 0) as is_done from events e
        left join event_cursors c on c.org_id = e.org_id where e.seq > ${looked} order by e.seq limit ${limits.sweepRowsMax}`,
    )
    for (const row of rows) {
      if (row["is_done"] === 1) {
        if (late.size === 0) seq = Number(row["seq"])
      } else if (Number(row["at"]) > now - limits.dispatchLateSeconds * second) return { late, seq, isWhole: true }
      else late.add(row["org_id"] as OrganizationId)
    }
    if (rows.length < limits.sweepRowsMax) return { late, seq, isWhole: true }
    looked = Number(rows.at(-1)?.["seq"])
  }
  return { late, seq, isWhole: late.size === 0 }
}
