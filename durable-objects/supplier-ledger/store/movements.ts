import type { LotKey, Movement, Transit } from "../../../src/domains/inventory/rules.ts"
import type { LotOrder } from "../../../src/domains/lots/rules.ts"
import type { Unit } from "../../../src/domains/units/rules.ts"
import type { LocationId, LotId, MovementId, OrderId, ProductId } from "../../../src/kernel/ids.ts"
import type { Milli } from "../../../src/kernel/quantity.ts"
import { LedgerTable } from "./table.ts"

/** The journal: rows are only ever added. Beside it, what of its transfers is still on the way. */
export class Movements {
  readonly table: LedgerTable<Movement>
  readonly transits: LedgerTable<Transit>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<Movement>(sql, {
      name: "stock_movements",
      key: ["id"],
      forms: {
        id: "value",
        productId: "value",
        locationId: "value",
        toLocationId: "value",
        lotId: "value",
        type: "value",
        quantityMilli: "value",
        reason: "value",
        orderId: "value",
        orderLineId: "value",
        unitId: "value",
        unitCostMilli: "value",
        currency: "value",
        reference: "value",
        corrects: "value",
        receives: "value",
        actorId: "value",
        actorName: "value",
        effectiveAt: "value",
        recordedAt: "value",
        seq: "value",
      },
      fact: (row) => row,
    })
    this.transits = new LedgerTable<Transit>(sql, {
      name: "transits",
      key: ["movementId"],
      forms: { movementId: "value", productId: "value", lotId: "value", toLocationId: "value", leftMilli: "value" },
      fact: (row) => row,
    })
  }

  find(id: MovementId): Movement | undefined {
    return this.table.find(id)
  }

  /** The row that puts this one right, if any does. */
  correctionOf(id: MovementId): Movement | undefined {
    return this.table.where("corrects = ?", id)[0]
  }

  ofOrder(orderId: OrderId): Movement[] {
    return this.table.where("order_id = ? ORDER BY id", orderId)
  }

  /** A lot's movements that no order made, oldest first. */
  ofLotBesideOrders(lotId: LotId, limit: number): Movement[] {
    return this.table.where("lot_id = ? AND order_id IS NULL ORDER BY id LIMIT ?", lotId, limit)
  }

  /** Every order that took some of a lot, with how much went out and how much came back, the newest first. */
  ordersOfLot(lotId: LotId): LotOrder[] {
    return this.#sql
      .exec<{ [K in keyof LotOrder]: LotOrder[K] extends number ? number : string }>(
        `SELECT o.id AS orderId, o.number AS number, o.status AS status, o.buyer_id AS buyerId, o.buyer_name AS buyerName,
           sum(max(-m.quantity_milli, 0)) AS sentMilli, sum(max(m.quantity_milli, 0)) AS returnedMilli, max(m.recorded_at) AS movedAt
         FROM stock_movements m JOIN orders o ON o.id = m.order_id WHERE m.lot_id = ? GROUP BY o.id ORDER BY o.id DESC`,
        lotId,
      )
      .toArray() as LotOrder[]
  }

  insert(movement: Movement): void {
    this.table.insert(movement)
  }

  transit(id: MovementId): Transit | undefined {
    return this.transits.find(id)
  }

  /** What a unit that is on its way was sent by. */
  transitOf({ id, productId }: Pick<Unit, "id" | "productId">): Transit | undefined {
    return this.transits.rows(
      "JOIN stock_movements sent ON sent.id = transits.movement_id WHERE transits.product_id = ? AND transits.left_milli > 0 AND sent.unit_id = ?",
      productId,
      id,
    )[0]
  }

  send(movementId: MovementId, productId: ProductId, lotId: LotKey, toLocationId: LocationId, leftMilli: Milli): void {
    this.transits.insert({ movementId, productId, lotId, toLocationId, leftMilli })
  }

  /** What is still on the way is shown with the movement that sent it, whose row is told anew. */
  saveTransit(transit: Transit, seq: number): void {
    this.transits.save(transit)
    const sent = this.find(transit.movementId)
    if (sent !== undefined) this.table.update({ ...sent, seq }, ["seq"])
  }
}
