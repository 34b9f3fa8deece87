import type { Books, LedgerBooks } from "./books.ts"
import type { Command, CommandKind, Journal } from "./journal.ts"

/**
 * One lie in true books, which the check of that name must find, and none before it: a check that nothing can fail says
 * nothing. The journal says what to lie about; it stays as it is.
 */
export type Mutation = { readonly of: string; readonly lie: string; readonly tell: (books: Books, journal: Journal) => Books }

export function some<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`the books hold no ${what} to lie about`)
  return found
}

export const without = <T>(list: readonly T[], item: T): T[] => list.filter((other) => other !== item)
export const instead = <T>(list: readonly T[], item: T, other: T): T[] => list.map((one) => (one === item ? other : one))

/** How a list changes that holds a row to lie about. */
type Change<T> = (rows: readonly T[], row: T) => T[]
export const twice = <T>(rows: readonly T[], row: T): T[] => [...rows, row]
export const again = <T extends { readonly id: string }>(rows: readonly T[], row: T): T[] => [...rows, { ...row, id: "made-up" }]
export const other =
  <T>(part: (row: NoInfer<T>) => Partial<NoInfer<T>>): Change<T> =>
  (rows, row) =>
    instead(rows, row, { ...row, ...part(row) })

/** Those of which the books must show something. */
export const acknowledged = ({ commands }: Journal, ...kinds: readonly CommandKind[]): Command[] =>
  commands.filter(({ kind, outcome }) => kinds.includes(kind) && outcome === "acknowledged")
export const keysOf = (commands: readonly Command[]): ReadonlySet<unknown> => new Set(commands.map(({ key }) => key))

/** D1's list, or one of what was read from elsewhere, changed at the first such row. */
export function inList<
  K extends
    | "audits"
    | "events"
    | "users"
    | "apiKeys"
    | "organizations"
    | "files"
    | "complaints"
    | "usage"
    | "links"
    | "orders"
    | "conversations"
    | "ledgers",
>(books: Books, what: K, isMeant: (row: Books[K][number]) => boolean, change: Change<Books[K][number]>): Books {
  const rows: ReadonlyArray<Books[K][number]> = books[what]
  return { ...books, [what]: change(rows, some(rows.find(isMeant), what)) }
}

/** The first ledger that has such a thing, with another list in its place. */
export function inLedger<
  K extends
    | "movements"
    | "levels"
    | "lots"
    | "units"
    | "components"
    | "reservations"
    | "minimums"
    | "orders"
    | "links"
    | "products"
    | "costs"
    | "terms",
>(
  books: Books,
  what: K,
  isMeant: (row: LedgerBooks[K][number], ledger: LedgerBooks) => boolean,
  change: (rows: LedgerBooks[K], row: LedgerBooks[K][number]) => ReadonlyArray<LedgerBooks[K][number]>,
): Books {
  for (const ledger of books.ledgers) {
    const rows: ReadonlyArray<LedgerBooks[K][number]> = ledger[what]
    const row = rows.find((one) => isMeant(one, ledger))
    if (row === undefined) continue
    return { ...books, ledgers: instead(books.ledgers, ledger, { ...ledger, [what]: change(ledger[what], row) }) }
  }
  return some<Books>(undefined, what)
}
