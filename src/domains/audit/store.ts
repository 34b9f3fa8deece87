import { and, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm"
import { type AuditId, idFloor } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Instant } from "../../kernel/time.ts"
import { decodeRow, type TenantDb } from "../../platform/db/tenant-db.ts"
import { type AuditRow, auditLogs } from "../../platform/events/tables.ts"

/** Where in the log to look: ids sort by time, so bounds in time are bounds in the key. */
export type Stretch = {
  readonly before: AuditId | undefined
  readonly from: Instant | undefined
  readonly to: Instant | undefined
}

export type Filters = {
  readonly action?: string | undefined
  readonly entity?: string | undefined
  readonly entityId?: string | undefined
  readonly actorId?: string | undefined
}

export type Scanned = {
  readonly rows: AuditRow[]
  /** The last row looked at, where the scan stopped at its limit: the next page goes on from there. */
  readonly stoppedAt: AuditId | undefined
}

const within = ({ before, from, to }: Stretch): SQL | undefined =>
  and(
    before === undefined ? undefined : lt(auditLogs.id, before),
    from === undefined ? undefined : gte(auditLogs.id, idFloor("aud", from)),
    to === undefined ? undefined : lt(auditLogs.id, idFloor("aud", to)),
  )

export const auditStore = (db: TenantDb) => ({
  byId: (id: AuditId): Promise<AuditRow | undefined> => db.one(auditLogs, eq(auditLogs.id, id)),

  /** The newest first, at most `rowsMax`. */
  latest: (stretch: Stretch, rowsMax: number): Promise<AuditRow[]> =>
    db.many(auditLogs, { where: within(stretch), orderBy: [desc(auditLogs.id)], limit: rowsMax }),

  /**
   * The newest that match, looking at no more than `filterScanRowsMax` rows. Every row costs its writer, so the
   * log has no index but its key: an index a filter would add a row written to every mutation there is. Tried: this
   * form reads 500 rows and four a row returned; CTEs that keep the rows, or a window function, three times as many.
   */
  async matching(stretch: Stretch, filters: Filters, rowsMax: number): Promise<Scanned> {
    const matches = and(
      sql`1`,
      filters.action === undefined ? undefined : eq(auditLogs.action, filters.action),
      filters.entity === undefined ? undefined : eq(auditLogs.entity, filters.entity),
      filters.entityId === undefined ? undefined : eq(auditLogs.entityId, filters.entityId),
      filters.actorId === undefined ? undefined : eq(auditLogs.actorId, filters.actorId),
    )
    const [found = []] = await db.query(
      (orgId) => sql`
        with scanned as materialized (
          select min(id) as last_id, count(*) as rows_scanned, json_group_array(id) filter (where matches) as ids from (
            select ${auditLogs.id} as id, (${matches}) as matches from ${auditLogs}
            where ${and(eq(auditLogs.orgId, orgId), within(stretch))}
            order by ${auditLogs.id} desc limit ${limits.filterScanRowsMax}
          )
        )
        select scanned.last_id, scanned.rows_scanned, audit_logs.* from scanned
        left join audit_logs on audit_logs.org_id = ${orgId} and audit_logs.id in (select value from json_each(scanned.ids) limit ${rowsMax})
        order by audit_logs.id desc`,
    )
    const [first] = found
    const isCutShort = first?.["rows_scanned"] === limits.filterScanRowsMax
    return {
      rows: found.filter((row) => row["org_id"] !== null).map((row) => decodeRow(auditLogs, row)),
      stoppedAt: isCutShort ? (first?.["last_id"] as AuditId) : undefined,
    }
  },
})
