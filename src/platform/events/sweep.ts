import { sql } from "drizzle-orm"
import { inRounds } from "../../kernel/give-way.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { Meter } from "../db/meter.ts"
import { type AcrossDb, acrossTenants } from "../db/tenant-db.ts"
import type { Bindings } from "../env.ts"
import { log } from "../log/log.ts"
import { queueEvents } from "./queue.ts"

/**
 * INV-EVT-5: an event whose message was lost, or never sent, is found within a minute or so. Every event is looked at
 * once, with how far its organization's were handed out; organizations that are behind are written down and looked at by
 * themselves from then on, each minute, until they have caught up. So one that stays behind hides no other, however much
 * happens to it meanwhile. How many were put into the queue again.
 */
export async function sweepEvents(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "the sweep looks for events that were not handed out")
  await lookThrough(db, now)
  return wakeLaggards(env, db, now)
}

/** Goes over the events after the one that the last sweep got to, and leaves each behind it: handed out, or its organization written down. */
async function lookThrough(db: AcrossDb, now: Instant): Promise<void> {
  for await (const _round of inRounds(limits.sweepRoundsMax)) {
    const [rows = []] = await db.query(
      sql`select e.seq, e.org_id, e.at, e.seq <= coalesce(c.seq, 0) as is_done from events e
        left join event_cursors c on c.org_id = e.org_id where e.seq > (select s.seq from event_sweep s where s.one = 1)
        order by e.seq limit ${limits.sweepRowsMax}`,
    )
    const isWaiting = (row: (typeof rows)[number]): boolean => row["is_done"] !== 1
    const young = rows.findIndex((row) => isWaiting(row) && Number(row["at"]) > now - limits.dispatchLateSeconds * second)
    const old = young < 0 ? rows : rows.slice(0, young)
    const last = old.at(-1)
    if (last === undefined) return
    const looked = Number(last["seq"])
    const late = [...new Set(old.filter(isWaiting).map((row) => row["org_id"]))]
    await db.run([
      db.statement(sql`insert into event_laggards (org_id, look_at) select value, ${now} from json_each(${JSON.stringify(late)}) where true
        on conflict (org_id) do nothing`),
      db.statement(sql`update event_sweep set seq = ${looked} where one = 1 and seq < ${looked}`),
    ])
    if (old.length < limits.sweepRowsMax) return
  }
  log.warn("events are further behind than a sweep looks", { events: limits.sweepRoundsMax * limits.sweepRowsMax })
}

/** Of a laggard `l`: whether it has events that were not handed out, and when it is to be given some again. */
const isBehind = sql`exists (select 1 from events e indexed by events_org_id_seq where e.org_id = l.org_id
  and e.seq > coalesce((select c.seq from event_cursors c where c.org_id = l.org_id), 0))`
const retryAt = sql`(select min(r.retry_at) from event_retries r where r.org_id = l.org_id)`

/** Those that wait longest to be looked at come first, and go behind the others for it: what nothing helps holds up nobody. */
async function wakeLaggards(env: Bindings, db: AcrossDb, now: Instant): Promise<number> {
  let woken = 0
  for await (const _round of inRounds(limits.sweepRoundsMax)) {
    const [rows = []] = await db.query(
      sql`select l.org_id, ${isBehind} as is_behind, ${retryAt} as retry_at from event_laggards l indexed by event_laggards_look_at where l.look_at <= ${now} order by l.look_at limit ${limits.sweepRowsMax}`,
    )
    const due = rows.filter((row) => row["is_behind"] === 1 || (row["retry_at"] !== null && Number(row["retry_at"]) <= now))
    await queueEvents(
      env,
      due.map((row) => row["org_id"] as OrganizationId),
    )
    if (rows.length === 0) break
    const seen = JSON.stringify(rows.map((row) => row["org_id"]))
    await db.run([
      db.statement(sql`delete from event_laggards as l where l.org_id in (select value from json_each(${seen}))
        and not ${isBehind} and ${retryAt} is null`),
      db.statement(sql`update event_laggards set look_at = ${now + limits.sweepAgainSeconds * second}
        where org_id in (select value from json_each(${seen}))`),
    ])
    woken += due.length
    if (rows.length < limits.sweepRowsMax) break
  }
  return woken
}
