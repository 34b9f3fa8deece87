import { limits } from "../../kernel/limits.ts"

/**
 * What somebody typed, as an FTS5 expression over the text columns: each run of letters or digits is a quoted
 * prefix, and all must occur. INV-CAT-2: nothing of the input is ever syntax, since quotes cannot be part of a run.
 * Undefined where there is nothing to search for.
 */
export function searchExpression(typed: string): string | undefined {
  const terms = (typed.normalize("NFC").match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, limits.searchTermsMax)
  if (terms.length === 0) return undefined
  return `{sku name description category} : (${terms.map((term) => `"${term}" *`).join(" AND ")})`
}
