import { and, asc, desc, gt, type InferSelectModel, lt, type SQL } from "drizzle-orm"
import { type Scan, scanNewestFirst } from "./scan.ts"
import type { Identified } from "./statements.ts"
import type { TenantDb } from "./tenant-db.ts"

type Page = {
  /** The last id of the page before. */
  readonly after: string | undefined
  /** Holds for every row that is walked over. */
  readonly where?: SQL | undefined
  readonly rowsMax: number
}

/** Rows by id, oldest first. */
export const oldestFirst = <T extends Identified>(
  db: TenantDb,
  table: T,
  { after, where, rowsMax }: Page,
): Promise<InferSelectModel<T>[]> =>
  db.many(table, {
    where: and(where, after === undefined ? undefined : gt(table.id, after)),
    orderBy: [asc(table.id)],
    limit: rowsMax,
  })

/** Rows by id, newest first: a walk of an index, or a bounded scan where some of what is asked for (`matches`) has none. */
export async function newestFirst<T extends Identified>(
  db: TenantDb,
  table: T,
  {
    after,
    where,
    matches,
    rowsMax,
    indexedBy,
  }: Page & {
    readonly matches?: SQL | undefined
    /** The index to walk, in order of id once `where` pins its other columns; the key without it. */
    readonly indexedBy?: string | undefined
  },
): Promise<Scan<InferSelectModel<T>>> {
  const beyond = and(where, after === undefined ? undefined : lt(table.id, after))
  const index = indexedBy === undefined ? {} : { indexedBy }
  if (matches !== undefined) return scanNewestFirst(db, table, { within: beyond, matches, rowsMax, ...index })
  const rows = await db.many(table, { where: beyond, orderBy: [desc(table.id)], limit: rowsMax, ...index })
  return { rows, stoppedAt: undefined }
}

/** A filter that an index serves; without `is`, nobody asked for it. */
type IndexedFilter = { readonly indexedBy: string; readonly is: SQL | undefined }

/** Of filters that each have an index, the most telling first: the first that is asked for is walked, the others are looked for on the way. */
export function narrowest(filters: readonly IndexedFilter[]): {
  where: SQL | undefined
  indexedBy: string | undefined
  matches: SQL | undefined
} {
  const [first, ...rest] = filters.filter(({ is }) => is !== undefined)
  return { where: first?.is, indexedBy: first?.indexedBy, matches: and(...rest.map(({ is }) => is)) }
}
