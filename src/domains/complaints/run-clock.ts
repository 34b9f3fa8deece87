import { inRounds } from "../../kernel/give-way.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants, TenantDb } from "../../platform/db/tenant-db.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import { type Bindings, configOf } from "../../platform/env.ts"
import { keepCursor, keptCursor } from "../../platform/jobs/cursor.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { clockOf } from "./find-complaint.ts"
import { recordStep } from "./record-step.ts"
import { after, type Clock, theClock, tick } from "./rules.ts"
import { type DueCursor, dueComplaints } from "./store.ts"
import type { ComplaintRow } from "./tables.ts"
import { complaintOfRow } from "./views.ts"

const pageRows = 100
const pagesMax = 5

const nowhere = { ipAddress: null, userAgent: null } as const

const cursorName = "complaint-clock"

/**
 * Escalates complaints that waited too long at their level, and closes those whose resolution nobody disputed. Each is a
 * batch of its own, on the version it was found in: whatever somebody did meanwhile stands, and a second run at once
 * does nothing twice (INV-CMP-5). INV-CMP-10: a run goes on where the last one stopped, and starts anew once it came to the
 * end; so whatever cannot be moved on is met once a round, however much of it there is. How many moved on.
 */
export async function runComplaintClock(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const clock = clockOf(configOf(env))
  const db = acrossTenants(env, meter, "how far the clock of complaints came")
  const kept = await keptCursor(db, cursorName)
  let cursor = kept === undefined ? undefined : (JSON.parse(kept) as DueCursor)
  let moved = 0
  for await (const _page of inRounds(pagesMax)) {
    const rows = await dueComplaints({ env, meter }, now, cursor, pageRows)
    const next = rows.length < pageRows ? undefined : cursorAt(rows)
    // Kept before the page is worked on: a run that ends in its midst is not followed by one that does the same.
    if (next !== undefined || cursor !== undefined) await keepCursor(db, cursorName, next === undefined ? undefined : JSON.stringify(next))
    for (const row of rows) if (await moveOn({ env, meter }, row, now, clock)) moved += 1
    cursor = next
    if (cursor === undefined) break
  }
  return moved
}

function cursorAt(rows: readonly ComplaintRow[]): DueCursor | undefined {
  const last = rows.at(-1)
  return last === undefined ? undefined : { dueAt: last.dueAt, orgId: last.orgId, id: last.id }
}

async function moveOn(reach: { env: Bindings; meter: Meter }, row: ComplaintRow, now: Instant, clock: Clock): Promise<boolean> {
  try {
    const complaint = complaintOfRow(row)
    const step = tick(complaint, now, clock)
    if (step === undefined) return false
    const db = TenantDb.forSystem(reach.env, reach.meter, complaint.supplierId, "time alone escalates and closes complaints")
    const work = new UnitOfWork(now, nowhere)
    const action = step.status === "CLOSED" ? "complaints.complaint.close" : "complaints.complaint.escalate"
    recordStep({ ...reach, work, db }, complaint, after(complaint, step, theClock, null, now), action)
    await work.commit(db)
    return true
  } catch (error) {
    // Somebody was faster: what they did stands, and has a time of its own.
    if (error instanceof RefusalError && error.refusal.code === "VERSION_MISMATCH") return false
    log.error("a complaint could not be moved on", { complaint: row.id, organization: row.orgId, error: describeError(error) })
    return false
  }
}
