import { and, eq, type InferSelectModel, type SQL, sql } from "drizzle-orm"
import type { SQLiteColumn } from "drizzle-orm/sqlite-core"
import { limits } from "../../kernel/limits.ts"
import { decodeRow, type TenantDb } from "./tenant-db.ts"
import type { TenantTable } from "./tables.ts"

type Listed = TenantTable & { readonly id: SQLiteColumn }

export type Scan<Row> = {
  readonly rows: Row[]
  /** The id of the last row looked at, where the scan ended at its bound: the next page goes on from there. */
  readonly stoppedAt: string | undefined
}

/**
 * Rows by id, newest first, that match a filter which no index serves: at most `filterScanRowsMax` are looked at,
 * so that a page costs the same whatever the table holds. `within` narrows the walk by the key itself.
 */
export async function scanNewestFirst<T extends Listed>(
  db: TenantDb,
  table: T,
  { within, matches, rowsMax }: { readonly within: SQL | undefined; readonly matches: SQL | undefined; readonly rowsMax: number },
): Promise<Scan<InferSelectModel<T>>> {
  const bound = limits.filterScanRowsMax
  const [found = []] = await db.query(
    (orgId) => sql`
      select * from (
        select ${table}.*, (${matches ?? sql`1`}) as is_match, row_number() over (order by ${table.id} desc) as n
        from ${table} where ${and(eq(table.orgId, orgId), within)} order by ${table.id} desc limit ${bound}
      ) where is_match or n = ${bound} limit ${rowsMax + 1}`,
  )
  const rows = found.filter((row) => row["is_match"] === 1).map((row) => decodeRow(table, row))
  const last = found.find((row) => row["n"] === bound)
  return { rows: rows.slice(0, rowsMax), stoppedAt: rows.length >= rowsMax || last === undefined ? undefined : String(last["id"]) }
}
