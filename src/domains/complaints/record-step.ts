import type { Meter } from "../../platform/db/meter.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import type { Bindings } from "../../platform/env.ts"
import { complaintEventDataOf, complaintEvents } from "./events.ts"
import { type ComplaintFacts, type SeenComplaint, type Side, seenBy } from "./rules.ts"
import { counterpartyDb, insertBoth, moveBoth } from "./store.ts"

type Writer = { readonly env: Bindings; readonly meter: Meter; readonly work: UnitOfWork; readonly db: TenantDb }

/** What the trail tells of a complaint. */
const trailOf = ({ status, level, assignee, resolution }: SeenComplaint) => ({
  status,
  level,
  assignee_id: assignee?.id ?? null,
  resolution,
})

/**
 * The way every step of a complaint is written: both parties' rows, each party's event, and the audit row of whoever
 * acts, in one batch. `before` is undefined for a new one.
 */
export function recordStep(writer: Writer, before: ComplaintFacts | undefined, complaint: ComplaintFacts, action: string): void {
  const { db, work } = writer
  const dbs = {
    supplier: complaint.supplierId === db.orgId ? db : counterpartyDb(writer, complaint.supplierId),
    buyer: complaint.buyerId === db.orgId ? db : counterpartyDb(writer, complaint.buyerId),
  } as const satisfies Record<Side, TenantDb>
  const dbOf = (side: Side): TenantDb => dbs[side]
  const ownSide: Side = complaint.supplierId === db.orgId ? "supplier" : "buyer"
  const type = complaintEvents[complaint.status]
  work
    .add(...(before === undefined ? insertBoth(complaint, dbOf) : moveBoth(before, complaint, dbOf)))
    .audit(db, {
      action,
      entity: "complaint",
      entityId: complaint.id,
      ...(before === undefined ? {} : { before: trailOf(seenBy(ownSide, before)) }),
      after: trailOf(seenBy(ownSide, complaint)),
    })
    .event(dbs.supplier, type, complaintEventDataOf(complaint, "supplier"))
    .event(dbs.buyer, type, complaintEventDataOf(complaint, "buyer"))
}
