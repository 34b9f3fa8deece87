import type { Cell, Reservation } from "../../../src/domains/inventory/rules.ts"
import type { OrderId, ReservationId, UnitId } from "../../../src/kernel/ids.ts"
import type { Instant } from "../../../src/kernel/time.ts"
import { LedgerTable } from "./table.ts"

/** What is promised. A reservation ends by going: there is no other word on how much is reserved. */
export class Reservations {
  readonly table: LedgerTable<Reservation>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<Reservation>(sql, {
      name: "reservations",
      key: ["id"],
      forms: {
        id: "value",
        productId: "value",
        locationId: "value",
        lotId: "value",
        quantityMilli: "value",
        orderId: "value",
        orderLineId: "value",
        unitId: "value",
        expiresAt: "value",
        seq: "value",
      },
      fact: (row) => row,
    })
  }

  ofOrder(orderId: OrderId): Reservation[] {
    return this.table.where("order_id = ?", orderId)
  }

  ofUnit(unitId: UnitId): Reservation | undefined {
    return this.table.where("unit_id = ?", unitId)[0]
  }

  ofCell({ productId, locationId, lotId }: Cell): Reservation[] {
    return this.table.where("product_id = ? AND location_id = ? AND lot_id = ?", productId, locationId, lotId)
  }

  expired(at: Instant, limit: number): Reservation[] {
    return this.table.where("expires_at <= ? ORDER BY expires_at LIMIT ?", at, limit)
  }

  nextExpiry(): Instant | undefined {
    return this.table.where("expires_at = (SELECT min(expires_at) FROM reservations) LIMIT 1")[0]?.expiresAt
  }

  insert(reservation: Reservation): void {
    this.table.insert(reservation)
  }

  delete(id: ReservationId): void {
    this.#sql.exec("DELETE FROM reservations WHERE id = ?", id)
  }
}
