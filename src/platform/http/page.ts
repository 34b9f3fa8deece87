import { type CursorKey, decodeCursor, encodeCursor } from "../../kernel/cursor.ts"
import { invalidAt } from "./input.ts"

/** The key a cursor holds, or undefined for the first page. @throws RefusalError VALIDATION_FAILED for a cursor that is not this list's. */
export function readCursor(kind: string, shape: ReadonlyArray<"string" | "number">, cursor: string | undefined): CursorKey | undefined {
  if (cursor === undefined) return undefined
  const key = decodeCursor(kind, shape, cursor)
  if (key === undefined) throw invalidAt("/query/cursor", "Must be the next_cursor of this very list.", "INVALID_CURSOR")
  return key
}

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
