import type { ValuedStock } from "../../../src/domains/inventory/rules.ts"
import type { ProductId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

/** The moving average of what a product's stock cost, in thousandths of the currency's minor unit. */
type Cost = { readonly productId: ProductId; readonly currency: string; readonly averageMilli: number }

export class Costs {
  readonly table: LedgerTable<Cost>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<Cost>(sql, {
      name: "costs",
      key: ["productId"],
      forms: { productId: "value", currency: "value", averageMilli: "value" },
      fact: (row) => row,
    })
  }

  find(productId: ProductId): Cost | undefined {
    return this.table.find(productId)
  }

  save(cost: Cost): void {
    this.table.save(cost)
  }

  /** All stock on hand, by product and place. */
  *valued(): Generator<ValuedStock> {
    yield* this.#sql.exec<ValuedStock & Record<string, SqlStorageValue>>(
      `SELECT l.product_id AS productId, l.location_id AS locationId, sum(l.on_hand_milli) AS onHandMilli, c.currency, c.average_milli AS averageMilli
       FROM stock_levels l LEFT JOIN costs c ON c.product_id = l.product_id WHERE l.on_hand_milli > 0 GROUP BY l.product_id, l.location_id`,
    )
  }
}
