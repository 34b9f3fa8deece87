import { and, eq, type InferSelectModel, type SQL, sql } from "drizzle-orm"
import { limits } from "../../kernel/limits.ts"
import { decodeRow, type Identified } from "./statements.ts"
import type { TenantDb } from "./tenant-db.ts"

export type Scan<Row> = {
  readonly rows: Row[]
  /** The id of the last row looked at, where the scan ended at its bound: the next page goes on from there. */
  readonly stoppedAt: string | undefined
}

/**
 * Rows by id, newest first, that match a filter which no index serves: at most `filterScanRowsMax` are looked at,
 * so that a page costs the same whatever the table holds. `within` narrows the walk by the key itself.
 * Tried: the ids as one JSON array read the bound and four a row returned; CTEs that keep rows, or a window function,
 * write temporary rows, which D1 counts too: three times the bound.
 */
export async function scanNewestFirst<T extends Identified>(
  db: TenantDb,
  table: T,
  {
    within,
    matches,
    rowsMax,
    indexedBy,
  }: {
    readonly within: SQL | undefined
    readonly matches: SQL | undefined
    readonly rowsMax: number
    /** The index to walk, in order of id where `within` pins its other columns; the key without it. */
    readonly indexedBy?: string
  },
): Promise<Scan<InferSelectModel<T>>> {
  const bound = limits.filterScanRowsMax
  const [found = []] = await db.query(
    (orgId) => sql`
      with scanned as materialized (
        select min(id) as last_id, count(*) as rows_scanned, json_group_array(id) filter (where is_match) as ids from (
          select ${table.id} as id, (${matches ?? sql`1`}) as is_match from ${table}${indexedBy === undefined ? sql.empty() : sql` indexed by ${sql.identifier(indexedBy)}`}
          where ${and(eq(table.orgId, orgId), within)} order by ${table.id} desc limit ${bound}
        )
      )
      select scanned.last_id, scanned.rows_scanned, ${table}.* from scanned
      left join ${table} on ${table.orgId} = ${orgId} and ${table.id} in (select value from json_each(scanned.ids) limit ${rowsMax})
      order by ${table.id} desc`,
  )
  const [first] = found
  const rows = found.filter((row) => row["org_id"] !== null).map((row) => decodeRow(table, row))
  const isCutShort = first?.["rows_scanned"] === bound && rows.length < rowsMax
  return { rows, stoppedAt: isCutShort ? String(first?.["last_id"]) : undefined }
}
