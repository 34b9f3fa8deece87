import type { Lot } from "../../../src/domains/lots/rules.ts"
import type { LotId, ProductId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

export class Lots {
  readonly table: LedgerTable<Lot>

  constructor(sql: SqlStorage) {
    this.table = new LedgerTable<Lot>(sql, {
      name: "lots",
      key: ["id"],
      forms: {
        id: "value",
        productId: "value",
        number: "value",
        expiresOn: "value",
        status: "value",
        reason: "value",
        expiredAt: "value",
        receivedAt: "value",
        updatedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => row,
    })
  }

  find(id: LotId): Lot | undefined {
    return this.table.find(id)
  }

  byNumber(productId: ProductId, number: string): Lot | undefined {
    return this.table.where("product_id = ? AND number = ?", productId, number)[0]
  }

  /** Lots of this number, of whatever product. */
  ofNumber(number: string, limit: number): Lot[] {
    return this.table.where("number = ? LIMIT ?", number, limit)
  }

  /** Those whose day is over and nobody has noted, the oldest first. */
  expiring(before: string, limit: number): Lot[] {
    return this.table.where("expires_on IS NOT NULL AND expired_at IS NULL AND expires_on < ? ORDER BY expires_on LIMIT ?", before, limit)
  }

  /** The next day after which a lot is out of date. */
  nextExpiry(): string | undefined {
    return this.table.where("expires_on IS NOT NULL AND expired_at IS NULL ORDER BY expires_on LIMIT 1")[0]?.expiresOn ?? undefined
  }

  save(lot: Lot): void {
    this.table.save(lot)
  }
}
