import type { Level } from "../../../src/domains/inventory/rules.ts"
import type { LocationId, ProductId } from "../../../src/kernel/ids.ts"
import type { Milli } from "../../../src/kernel/quantity.ts"
import { LedgerTable } from "./table.ts"

const defaultFirst = "ORDER BY place.is_default DESC, place.id"

export class Levels {
  readonly table: LedgerTable<Level>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<Level>(sql, {
      name: "stock_levels",
      key: ["productId", "locationId"],
      forms: { productId: "value", locationId: "value", onHandMilli: "value", seq: "value" },
      fact: (row) => row,
    })
  }

  find(productId: ProductId, locationId: LocationId): Level | undefined {
    return this.table.find(productId, locationId)
  }

  /** A product's levels in the order stock is taken from: the default location first. */
  ofProduct(productId: ProductId): Level[] {
    return this.table.rows(
      `JOIN locations place ON place.id = stock_levels.location_id WHERE stock_levels.product_id = ? ${defaultFirst}`,
      productId,
    )
  }

  /** A product's stock over all locations, and when any of it last changed. */
  totalOf(productId: ProductId): { readonly stockMilli: Milli; readonly stockSeq: number } {
    return this.#sql
      .exec<{ stockMilli: Milli; stockSeq: number }>(
        "SELECT coalesce(sum(on_hand_milli), 0) AS stockMilli, coalesce(max(seq), 0) AS stockSeq FROM stock_levels WHERE product_id = ?",
        productId,
      )
      .one()
  }

  save(level: Level): void {
    this.table.save(level)
  }
}
