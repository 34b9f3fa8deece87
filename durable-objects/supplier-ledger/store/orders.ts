import type { OrderFacts } from "../../../src/domains/orders/rules.ts"
import type { OrderId, OrganizationId } from "../../../src/kernel/ids.ts"
import type { Instant } from "../../../src/kernel/time.ts"
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
        answerBy: "value",
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

  /** Those whose buyer's time to answer is over, the longest over first. */
  unanswered(at: Instant, limit: number): OrderFacts[] {
    return this.table.where("answer_by <= ? ORDER BY answer_by LIMIT ?", at, limit)
  }

  nextAnswerBy(): Instant | undefined {
    return this.table.where("answer_by IS NOT NULL ORDER BY answer_by LIMIT 1")[0]?.answerBy ?? undefined
  }

  /** What an order says after placing but for its parties, number and words. */
  update(order: OrderRow): void {
    this.table.update(order, ["status", "lines", "totalMinor", "history", "internalNote", "answerBy", "updatedAt", "version", "seq"])
  }
}
