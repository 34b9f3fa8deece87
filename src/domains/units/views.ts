import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { type UnitSummary, unitStatuses } from "./rules.ts"
import type { UnitRow } from "./tables.ts"

/** A unit as D1 has it, or as its ledger does. */
export type SeenUnit = Omit<UnitRow, "orgId" | "generation">

export const toUnitSummary = (unit: SeenUnit) => ({
  id: unit.id,
  product_id: unit.productId,
  serial: unit.serial,
  status: unit.status,
  warehouse_id: unit.locationId,
  lot_number: unit.lotNumber,
  order_id: unit.orderId,
  reserved_until: unit.reservedUntil === null ? null : formatInstant(unit.reservedUntil),
  created_at: formatInstant(unit.createdAt),
  updated_at: formatInstant(unit.updatedAt),
  version: unit.version,
})

export const toUnitView = (unit: SeenUnit) => ({
  ...toUnitSummary(unit),
  history: unit.history.map(({ from, to, at, locationId, by, reason }) => ({
    from,
    to,
    at: formatInstant(at),
    warehouse_id: locationId,
    by,
    reason,
  })),
})

export const unitEtag = (unit: SeenUnit): string => etagOf(unit.version, unit.seq)

export const toCountsView = ({ productId, sku, onHandMilli, reservedMilli, availableMilli, counts }: UnitSummary) => {
  const units = Object.fromEntries(unitStatuses.map((status) => [status, counts[status] ?? 0]))
  return {
    product_id: productId,
    sku,
    on_hand: quantityNumber(onHandMilli),
    reserved: quantityNumber(reservedMilli),
    available: quantityNumber(availableMilli),
    units,
    total_units: Object.values(units).reduce((sum, count) => sum + count, 0),
  }
}
