import type { Books } from "./books.ts"

/** One lie in true books, which the check of that name must find: a check that nothing can fail says nothing. */
export type Mutation = { readonly of: string; readonly lie: string; readonly tell: (books: Books) => Books }

export function some<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`the books hold no ${what} to lie about`)
  return found
}

export const without = <T>(list: readonly T[], item: T): T[] => list.filter((other) => other !== item)
export const instead = <T>(list: readonly T[], item: T, other: T): T[] => list.map((one) => (one === item ? other : one))
