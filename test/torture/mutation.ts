import type { Books, LedgerBooks } from "./books.ts"

/** One lie in true books, which the check of that name must find: a check that nothing can fail says nothing. */
export type Mutation = { readonly of: string; readonly lie: string; readonly tell: (books: Books) => Books }

export function some<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`the books hold no ${what} to lie about`)
  return found
}

export const without = <T>(list: readonly T[], item: T): T[] => list.filter((other) => other !== item)
export const instead = <T>(list: readonly T[], item: T, other: T): T[] => list.map((one) => (one === item ? other : one))

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
