import { and, desc, type InferSelectModel, lt, type SQL } from "drizzle-orm"
import type { SQLiteColumn } from "drizzle-orm/sqlite-core"
import { type Scan, scanNewestFirst } from "./scan.ts"
import type { TenantTable } from "./tables.ts"
import type { TenantDb } from "./tenant-db.ts"

/**
 * Rows by id, newest first, from `after` on: a walk of an index, or a bounded scan where some of what is asked for
 * (`matches`) has none. `within` holds for every row that is walked over.
 */
export async function newestFirst<T extends TenantTable & { readonly id: SQLiteColumn }>(
  db: TenantDb,
  table: T,
  {
    after,
    within,
    matches,
    rowsMax,
    indexedBy,
  }: {
    readonly after: string | undefined
    readonly within?: SQL | undefined
    readonly matches?: SQL | undefined
    readonly rowsMax: number
    /** The index to walk, in order of id where `within` pins its other columns; the key without it. */
    readonly indexedBy?: string | undefined
  },
): Promise<Scan<InferSelectModel<T>>> {
  const beyond = and(within, after === undefined ? undefined : lt(table.id, after))
  const index = indexedBy === undefined ? {} : { indexedBy }
  if (matches !== undefined) return scanNewestFirst(db, table, { within: beyond, matches, rowsMax, ...index })
  const rows = await db.many(table, { where: beyond, orderBy: [desc(table.id)], limit: rowsMax, ...index })
  return { rows, stoppedAt: undefined }
}

/** A filter that an index serves; without `is`, nobody asked for it. */
type IndexedFilter = { readonly indexedBy: string; readonly is: SQL | undefined }

/** Of filters that each have an index, the most telling first: the first that is asked for is walked, the others are looked for on the way. */
export function narrowest(filters: readonly IndexedFilter[]): {
  within: SQL | undefined
  indexedBy: string | undefined
  matches: SQL | undefined
} {
  const [first, ...rest] = filters.filter(({ is }) => is !== undefined)
  return { within: first?.is, indexedBy: first?.indexedBy, matches: and(...rest.map(({ is }) => is)) }
}
