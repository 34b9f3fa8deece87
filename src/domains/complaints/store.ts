import { and, asc, count, eq, gt, gte, lt, sql } from "drizzle-orm"
import { type ComplaintId, idFloor, type OrderId, type OrganizationId, type UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Instant } from "../../kernel/time.ts"
import { narrowest, newestFirst } from "../../platform/db/by-id.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard, guardChanged } from "../../platform/db/guards.ts"
import type { Meter } from "../../platform/db/meter.ts"
import type { Scan } from "../../platform/db/scan.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import { acrossTenants, TenantDb } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import type { ComplaintFacts, ComplaintLevel, ComplaintStatus, Side } from "./rules.ts"
import { type ComplaintRow, complaints } from "./tables.ts"
import { rowOf } from "./views.ts"

type Reach = { readonly env: Bindings; readonly meter: Meter }

type ComplaintFilter = {
  readonly status: ComplaintStatus | undefined
  readonly level: ComplaintLevel | undefined
  readonly assigneeId: UserId | undefined
  readonly orderId: OrderId | undefined
  readonly after: ComplaintId | undefined
  readonly rowsMax: number
}

/** The handle on the row that the other party of a complaint has. */
export const counterpartyDb = ({ env, meter }: Reach, counterpartyId: OrganizationId): TenantDb =>
  TenantDb.forSystem(env, meter, counterpartyId, "the other party of a complaint has a row of its own")

export const complaintStore = (db: TenantDb) => ({
  byId: (id: ComplaintId): Promise<ComplaintRow | undefined> => db.byId(complaints, id),

  /** The row, and its link's state as one's own row of that link has it: one trip. */
  async withLink(id: ComplaintId): Promise<{ readonly row: ComplaintRow; readonly linkStatus: string | undefined } | undefined> {
    const [[row] = [], [link] = []] = await db.query(
      (orgId) => sql`select * from ${complaints} where org_id = ${orgId} and id = ${id}`,
      (orgId) => sql`select status from links where org_id = ${orgId}
        and id = (select link_id from ${complaints} where org_id = ${orgId} and complaints.id = ${id})`,
    )
    return row === undefined
      ? undefined
      : { row: decodeRow(complaints, row), linkStatus: link === undefined ? undefined : String(link["status"]) }
  },

  /** INV-CMP-9: refuses the batch where an order has its complaints; either party has a row of each, so that one's own tell. */
  belowLimit: (orderId: OrderId): Statement =>
    guard(
      "CONFLICT",
      sql`(select ${count()} from ${complaints} indexed by complaints_order where ${and(eq(complaints.orgId, db.orgId), eq(complaints.orderId, orderId))}) < ${limits.complaintsPerOrderMax}`,
    ),

  /** Newest first. Each filter has its index, in the list's order; several at once are looked for within a bounded walk of the narrowest. */
  page({ status, level, assigneeId, orderId, after, rowsMax }: ComplaintFilter): Promise<Scan<ComplaintRow>> {
    const filters = narrowest([
      { indexedBy: "complaints_order", is: orderId === undefined ? undefined : eq(complaints.orderId, orderId) },
      { indexedBy: "complaints_assignee", is: assigneeId === undefined ? undefined : eq(complaints.assigneeId, assigneeId) },
      { indexedBy: "complaints_status", is: status === undefined ? undefined : eq(complaints.status, status) },
      { indexedBy: "complaints_level", is: level === undefined ? undefined : eq(complaints.level, level) },
    ])
    return newestFirst(db, complaints, { after, rowsMax, ...filters })
  },

  /** Oldest first, either side's: a stretch of the key. */
  stretch: (stretch: { after: ComplaintId | undefined; from: Instant | undefined; to: Instant | undefined; rowsMax: number }) =>
    db.many(complaints, {
      where: and(
        stretch.after === undefined ? undefined : gt(complaints.id, stretch.after),
        stretch.from === undefined ? undefined : gte(complaints.id, idFloor("cmp", stretch.from)),
        stretch.to === undefined ? undefined : lt(complaints.id, idFloor("cmp", stretch.to)),
      ),
      orderBy: [asc(complaints.id)],
      limit: stretch.rowsMax,
    }),
})

const partiesOf = ({ supplierId, buyerId }: ComplaintFacts): ReadonlyArray<readonly [Side, own: OrganizationId, other: OrganizationId]> => [
  ["supplier", supplierId, buyerId],
  ["buyer", buyerId, supplierId],
]

/** INV-CMP-2: both parties' rows come with one batch. */
export const insertBoth = (complaint: ComplaintFacts, dbOf: (side: Side) => TenantDb): Statement[] =>
  partiesOf(complaint).map(([side]) => dbOf(side).insert(complaints, rowOf(complaint, side)))

/** INV-CMP-2: both parties' rows move on together from the version that the step was decided on, or the whole batch is refused. */
export const moveBoth = (before: ComplaintFacts, moved: ComplaintFacts, dbOf: (side: Side) => TenantDb): Statement[] =>
  partiesOf(moved).flatMap(([side, , other]) => {
    const { status, level, assigneeId, assigneeName, resolution, history, reopenCount, updatedAt, dueAt, version } = rowOf(moved, side)
    const changes = { status, level, assigneeId, assigneeName, resolution, history, reopenCount, updatedAt, dueAt, version }
    const isAsDecidedOn = and(eq(complaints.id, before.id), eq(complaints.counterpartyId, other), eq(complaints.version, before.version))
    return [dbOf(side).update(complaints, isAsDecidedOn, changes), guardChanged("VERSION_MISMATCH")]
  })

/** Where the walk over what is due goes on. */
export type DueCursor = Pick<ComplaintRow, "dueAt" | "orgId" | "id">

/** Suppliers' rows whose time has come, the longest due first, after the cursor. */
export const dueComplaints = (
  { env, meter }: Reach,
  now: Instant,
  after: DueCursor | undefined,
  rowsMax: number,
): Promise<ComplaintRow[]> =>
  acrossTenants(env, meter, "the clock moves on complaints of all organizations").many(complaints, {
    where: sql`side = 'supplier' and due_at <= ${now}${
      after === undefined ? sql`` : sql` and (due_at, org_id, id) > (${after.dueAt}, ${after.orgId}, ${after.id})`
    }`,
    indexedBy: "complaints_due",
    orderBy: [sql`due_at`, sql`org_id`, sql`id`],
    limit: rowsMax,
  })
