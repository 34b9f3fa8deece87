import type { Cell } from "../../../src/domains/inventory/rules.ts"
import type { Unit, UnitStatus } from "../../../src/domains/units/rules.ts"
import type { OrderId, ProductId, UnitId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

/** Serialized pieces. */
export class Units {
  readonly table: LedgerTable<Unit>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<Unit>(sql, {
      name: "units",
      key: ["id"],
      forms: {
        id: "value",
        productId: "value",
        serial: "value",
        locationId: "value",
        lotId: "value",
        status: "value",
        orderId: "value",
        orderLineId: "value",
        reservedUntil: "value",
        history: "json",
        createdAt: "value",
        updatedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => row,
    })
  }

  find(id: UnitId): Unit | undefined {
    return this.table.find(id)
  }

  bySerial(serial: string): Unit | undefined {
    return this.table.where("serial = ?", serial)[0]
  }

  ofOrder(orderId: OrderId): Unit[] {
    return this.table.where("order_id = ?", orderId)
  }

  /** Those of a cell that can be sold, the longest there first. */
  available({ productId, locationId, lotId }: Cell, limit: number): Unit[] {
    return this.table.where(
      "product_id = ? AND location_id = ? AND lot_id = ? AND status = 'AVAILABLE' ORDER BY id LIMIT ?",
      productId,
      locationId,
      lotId,
      limit,
    )
  }

  /** How many of what a cell has on hand are pieces of their own. */
  onHandIn({ productId, locationId, lotId }: Cell): number {
    return this.#sql
      .exec<{ count: number }>(
        "SELECT count(*) AS count FROM units WHERE product_id = ? AND location_id = ? AND lot_id = ? AND status IN ('AVAILABLE', 'RESERVED', 'IN_TRANSIT')",
        productId,
        locationId,
        lotId,
      )
      .one().count
  }

  isAnyOf(productId: ProductId): boolean {
    return this.table.where("product_id = ? LIMIT 1", productId).length > 0
  }

  countByStatus(productId: ProductId): Partial<Record<UnitStatus, number>> {
    const counted = this.#sql.exec<{ status: UnitStatus; count: number }>(
      "SELECT status, count(*) AS count FROM units WHERE product_id = ? GROUP BY status",
      productId,
    )
    return Object.fromEntries(counted.toArray().map(({ status, count }) => [status, count]))
  }

  save(unit: Unit): void {
    this.table.save(unit)
  }
}
