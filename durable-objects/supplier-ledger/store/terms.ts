import type { LinkTerms } from "../../../src/domains/partners/rules.ts"
import type { LinkId, ProductId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

type TermsRow = { readonly linkId: LinkId; readonly terms: LinkTerms; readonly seq: number }

/** The terms of links, each whole in one row: an order reads one row, whatever the length of the price list. */
export class Terms {
  readonly table: LedgerTable<TermsRow>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<TermsRow>(sql, {
      name: "link_terms",
      key: ["linkId"],
      forms: { linkId: "value", terms: "json", seq: "value" },
      fact: (row) => row,
    })
  }

  /** Undefined where the link has none. */
  of(linkId: LinkId): TermsRow | undefined {
    return this.table.find(linkId)
  }

  save(linkId: LinkId, terms: LinkTerms, seq: number): void {
    this.table.save({ linkId, terms, seq })
  }

  /** Those that did not change since. */
  before(seq: number, max: number): TermsRow[] {
    return this.table.where("seq < ? LIMIT ?", seq, max)
  }

  /** D1 shows more of these terms than the row itself has, and that changed. */
  touch(linkId: LinkId, seq: number): void {
    this.#sql.exec("UPDATE link_terms SET seq = ? WHERE link_id = ?", seq, linkId)
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
}
