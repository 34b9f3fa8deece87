import type { LinkFacts } from "../../../src/domains/partners/rules.ts"
import type { LinkId, OrganizationId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

type LinkRow = Omit<LinkFacts, "supplierId" | "supplierName">

export class Links {
  readonly table: LedgerTable<LinkRow, LinkFacts>

  constructor(sql: SqlStorage, owner: () => { readonly id: OrganizationId; readonly name: string }) {
    this.table = new LedgerTable<LinkRow, LinkFacts>(sql, {
      name: "links",
      key: ["id"],
      forms: {
        id: "value",
        buyerId: "value",
        buyerName: "value",
        status: "value",
        message: "value",
        reason: "value",
        createdAt: "value",
        decidedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => ({ ...row, supplierId: owner().id, supplierName: owner().name }),
    })
  }

  find(id: LinkId): LinkFacts | undefined {
    return this.table.find(id)
  }

  ofBuyer(buyerId: OrganizationId): LinkFacts | undefined {
    return this.table.where("buyer_id = ?", buyerId)[0]
  }

  all(): LinkFacts[] {
    return this.table.rows()
  }

  /** Those that did not change since. */
  before(seq: number, max: number): LinkFacts[] {
    return this.table.where("seq < ? LIMIT ?", seq, max)
  }

  save(link: LinkRow): void {
    this.table.save(link)
  }
}
