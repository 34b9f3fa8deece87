import { and, desc, eq, gte, lt, type SQL } from "drizzle-orm"
import { type AuditId, idFloor } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import { type Scan, scanNewestFirst } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type AuditRow, auditLogs } from "../../platform/events/tables.ts"

/** Where in the log to look: ids sort by time, so bounds in time are bounds in the key. */
type Stretch = {
  readonly before: AuditId | undefined
  readonly from: Instant | undefined
  readonly to: Instant | undefined
}

type Filters = {
  readonly action?: string | undefined
  readonly entity?: string | undefined
  readonly entityId?: string | undefined
  readonly actorId?: string | undefined
}

const within = ({ before, from, to }: Stretch): SQL | undefined =>
  and(
    before === undefined ? undefined : lt(auditLogs.id, before),
    from === undefined ? undefined : gte(auditLogs.id, idFloor("aud", from)),
    to === undefined ? undefined : lt(auditLogs.id, idFloor("aud", to)),
  )

export const auditStore = (db: TenantDb) => ({
  byId: (id: AuditId): Promise<AuditRow | undefined> => db.byId(auditLogs, id),

  /** The newest first, at most `rowsMax`. */
  latest: (stretch: Stretch, rowsMax: number): Promise<AuditRow[]> =>
    db.many(auditLogs, { where: within(stretch), orderBy: [desc(auditLogs.id)], limit: rowsMax }),

  /**
   * The newest that match. Every row costs its writer, so the log has no index but its key: one a filter would add
   * a row written to every mutation there is.
   */
  matching(stretch: Stretch, filters: Filters, rowsMax: number): Promise<Scan<AuditRow>> {
    const matches = and(
      filters.action === undefined ? undefined : eq(auditLogs.action, filters.action),
      filters.entity === undefined ? undefined : eq(auditLogs.entity, filters.entity),
      filters.entityId === undefined ? undefined : eq(auditLogs.entityId, filters.entityId),
      filters.actorId === undefined ? undefined : eq(auditLogs.actorId, filters.actorId),
    )
    return scanNewestFirst(db, auditLogs, { within: within(stretch), matches, rowsMax })
  },
})
