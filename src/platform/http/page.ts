import { type CursorKey, decodeCursor, encodeCursor } from "../../kernel/cursor.ts"
import { type Id, type IdPrefix, isId } from "../../kernel/ids.ts"
import type { Scan } from "../db/scan.ts"
import { invalidAt } from "./input.ts"

/** The key a cursor holds, or undefined for the first page. @throws RefusalError VALIDATION_FAILED for a cursor that is not this list's. */
export function readCursor(kind: string, shape: ReadonlyArray<"string" | "number">, cursor: string | undefined): CursorKey | undefined {
  if (cursor === undefined) return undefined
  const key = decodeCursor(kind, shape, cursor)
  if (key === undefined) throw notOurs()
  return key
}

const notOurs = () => invalidAt("/query/cursor", "Must be the next_cursor of this very list.", "INVALID_CURSOR")

/**
 * A page from rows fetched one beyond the limit: the extra row says that there is more. `stoppedAt` is the key of
 * the last row a bounded scan looked at: such a page may be short and still go on.
 */
export function pageOf<T, V>(
  rows: readonly T[],
  limit: number,
  kind: string,
  keyOf: (row: T) => CursorKey,
  view: (row: T) => V,
  stoppedAt?: CursorKey,
): { data: V[]; next_cursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? keyOf(last) : stoppedAt
  return { data: shown.map(view), next_cursor: next === undefined ? null : encodeCursor(kind, next) }
}

type Parts = ReadonlyArray<"string" | "number">
type KeyOf<S extends Parts> = { readonly [I in keyof S]: S[I] extends "number" ? number : string }
type Asked = { readonly cursor?: string | undefined; readonly limit: number }
type Within<K> = { readonly after: K | undefined; readonly rowsMax: number }

/**
 * A page of a list that goes by a key of its own. `fetch` looks for `rowsMax` rows beyond the key `after`, which are one
 * more than the page shows. @throws RefusalError VALIDATION_FAILED for a cursor that is not this list's.
 */
export async function pageByKey<const S extends Parts, Row, V>(
  kind: string,
  shape: S,
  { cursor, limit }: Asked,
  fetch: (within: Within<KeyOf<S>>) => Promise<readonly Row[]>,
  keyOf: (row: Row) => KeyOf<S>,
  view: (row: Row) => V,
): Promise<{ data: V[]; next_cursor: string | null }> {
  const after = readCursor(kind, shape, cursor) as KeyOf<S> | undefined
  return pageOf(await fetch({ after, rowsMax: limit + 1 }), limit, kind, keyOf, view)
}

/** The same of a list that goes by id alone, as most do; a bounded scan says where it stopped. */
export async function pageById<P extends IdPrefix, Row extends { readonly id: Id<P> }, V>(
  kind: string,
  prefix: P,
  { cursor, limit }: Asked,
  fetch: (within: Within<Id<P>>) => Promise<readonly Row[] | Scan<Row>>,
  view: (row: Row) => V,
): Promise<{ data: V[]; next_cursor: string | null }> {
  const [key] = readCursor(kind, ["string"], cursor) ?? []
  const after = key === undefined ? undefined : String(key)
  if (after !== undefined && !isId(prefix, after)) throw notOurs()
  const found = await fetch({ after, rowsMax: limit + 1 })
  const { rows, stoppedAt } = "rows" in found ? found : { rows: found, stoppedAt: undefined }
  return pageOf(rows, limit, kind, (row) => [row.id], view, stoppedAt === undefined ? undefined : [stoppedAt])
}
