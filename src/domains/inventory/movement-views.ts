import { formatDecimal, minorDigits } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { etagOf } from "../../platform/http/reply.ts"
import type { ShownMovement } from "./rules.ts"
import type { MovementRow } from "./tables.ts"

export const movementOfRow = (row: MovementRow): ShownMovement => ({ ...row, lotId: row.lotId ?? "" })

/** A movement as people state it: positive, but for an ADJUSTMENT, whose sign says whether there is more or less. */
export const toMovementView = (movement: ShownMovement) => ({
  id: movement.id,
  type: movement.type,
  product_id: movement.productId,
  quantity: quantityNumber(movement.type === "ADJUSTMENT" ? movement.quantityMilli : Math.abs(movement.quantityMilli)),
  warehouse_id: movement.locationId,
  to_warehouse_id: movement.toLocationId,
  lot_number: movement.lotNumber,
  expires_on: movement.expiresOn,
  unit_cost: costOf(movement),
  currency: movement.currency,
  reason: movement.reason,
  reference: movement.reference,
  corrects: movement.corrects,
  receives: movement.receives,
  order_id: movement.orderId,
  unit_id: movement.unitId,
  in_transit_quantity: movement.openMilli === null ? null : quantityNumber(movement.openMilli),
  effective_at: formatInstant(movement.effectiveAt),
  recorded_at: formatInstant(movement.recordedAt),
  by: { id: movement.actorId, name: movement.actorName },
})

/** With as many places as the currency has, and up to three more where they say something. */
function costOf({ unitCostMilli, currency }: ShownMovement): string | null {
  if (unitCostMilli === null || currency === null) return null
  const digits = minorDigits(currency)
  const spare = /0{0,3}$/.exec(String(unitCostMilli).padStart(3, "0"))?.[0].length ?? 0
  return formatDecimal(unitCostMilli / 10 ** spare, digits + 3 - spare)
}

/** A movement has no versions: what changes of it is how much of it is still on the way, and with it its seq. */
export const movementEtag = ({ seq }: ShownMovement): string => etagOf(1, seq)
