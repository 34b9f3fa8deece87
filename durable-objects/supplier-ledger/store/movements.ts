import type { Movement } from "../../../src/domains/inventory/rules.ts"
import type { OrderId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

/** The journal: rows are only ever added. */
export class Movements {
  readonly table: LedgerTable<Movement>

  constructor(sql: SqlStorage) {
    this.table = new LedgerTable<Movement>(sql, {
      name: "stock_movements",
      key: ["id"],
      forms: {
        id: "value",
        productId: "value",
        locationId: "value",
        type: "value",
        quantityMilli: "value",
        reason: "value",
        orderId: "value",
        orderLineId: "value",
        actorId: "value",
        actorName: "value",
        effectiveAt: "value",
        recordedAt: "value",
        seq: "value",
      },
      fact: (row) => row,
    })
  }

  ofOrder(orderId: OrderId): Movement[] {
    return this.table.where("order_id = ? ORDER BY seq, id", orderId)
  }

  insert(movement: Movement): void {
    this.table.insert(movement)
  }
}
