import type { OrderFacts } from "../../../src/domains/orders/rules.ts"
import type { OrderId, OrganizationId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

type OrderRow = Omit<OrderFacts, "supplierId">

export class Orders {
  readonly table: LedgerTable<OrderRow, OrderFacts>

  constructor(sql: SqlStorage, owner: () => { readonly id: OrganizationId }) {
    this.table = new LedgerTable<OrderRow, OrderFacts>(sql, {
      name: "orders",
      key: ["id"],
      forms: {
        id: "value",
        number: "value",
        buyerId: "value",
        supplierName: "value",
        buyerName: "value",
        status: "value",
        currency: "value",
        totalMinor: "value",
        lines: "json",
        history: "json",
        note: "value",
        internalNote: "value",
        requestedDeliveryOn: "value",
        placedAt: "value",
        updatedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => ({ ...row, supplierId: owner().id }),
    })
  }

  find(id: OrderId): OrderFacts | undefined {
    return this.table.find(id)
  }

  insert(order: OrderRow): void {
    this.table.insert(order)
  }

  /** An order's lines and prices never change after placing; its state, history and internal note do. */
  update(order: OrderRow): void {
    this.table.update(order, ["status", "history", "internalNote", "updatedAt", "version", "seq"])
  }
}
