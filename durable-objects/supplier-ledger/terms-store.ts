import type { LinkTerms } from "../../src/domains/partners/rules.ts"
import type { LinkId, ProductId } from "../../src/kernel/ids.ts"

export type StoredTerms = { readonly terms: LinkTerms; readonly seq: number }

/** The terms of links, each whole in one row: an order reads one row, whatever the length of the price list. */
export class TermsStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Undefined where the link has none. */
  of(linkId: LinkId): StoredTerms | undefined {
    const [row] = this.#sql.exec<{ terms: string; seq: number }>("SELECT terms, seq FROM link_terms WHERE link_id = ?", linkId).toArray()
    return row === undefined ? undefined : { terms: JSON.parse(row.terms) as LinkTerms, seq: row.seq }
  }

  save(linkId: LinkId, terms: LinkTerms, seq: number): void {
    this.#sql.exec(
      "INSERT INTO link_terms (link_id, terms, seq) VALUES (?1, ?2, ?3) ON CONFLICT (link_id) DO UPDATE SET terms = ?2, seq = ?3",
      linkId,
      JSON.stringify(terms),
      seq,
    )
  }

  /** D1 shows more of these terms than the row itself has, and that changed. @returns whether there are any. */
  touch(linkId: LinkId, seq: number): boolean {
    return this.#sql.exec("UPDATE link_terms SET seq = ? WHERE link_id = ? RETURNING 1", seq, linkId).toArray().length > 0
  }

  /** In what each of these products is sold; those that are not, or no longer, are missing. */
  currenciesOf(productIds: readonly ProductId[]): ReadonlyMap<ProductId, string> {
    const rows = this.#sql
      .exec<{ id: ProductId; currency: string }>(
        "SELECT p.id, p.currency FROM json_each(?) asked CROSS JOIN products p ON p.id = asked.value WHERE p.archived_at IS NULL",
        JSON.stringify(productIds),
      )
      .toArray()
    return new Map(rows.map(({ id, currency }) => [id, currency]))
  }

  /** Links that have terms, in order, for walks over everything. */
  idsAfter(after: string, limit: number): string[] {
    return this.#sql
      .exec<{ link_id: string }>("SELECT link_id FROM link_terms WHERE link_id > ? ORDER BY link_id LIMIT ?", after, limit)
      .toArray()
      .map(({ link_id }) => link_id)
  }
}
