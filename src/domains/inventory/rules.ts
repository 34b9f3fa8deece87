import type { LocationId, MovementId, OrderId, OrderLineId, ProductId } from "../../kernel/ids.ts"
import type { Milli } from "../../kernel/quantity.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

export const movementTypes = ["IN", "OUT", "TRANSFER", "ADJUSTMENT"] as const
export type MovementType = (typeof movementTypes)[number]

/** Why stock moved. */
export const movementReasons = ["OPENING", "COUNT", "ORDER_ACCEPTED", "ORDER_CANCELLED"] as const
export type MovementReason = (typeof movementReasons)[number]

export type Location = {
  readonly id: LocationId
  readonly code: string
  readonly name: string
  readonly isDefault: boolean
  readonly version: number
  readonly seq: number
}

export type Level = { readonly productId: ProductId; readonly locationId: LocationId; readonly onHandMilli: Milli; readonly seq: number }

/** One entry of the journal; quantities are signed, and rows are never changed. */
export type Movement = {
  readonly id: MovementId
  readonly productId: ProductId
  readonly locationId: LocationId
  readonly type: MovementType
  readonly quantityMilli: Milli
  readonly reason: MovementReason
  readonly orderId: OrderId | null
  readonly orderLineId: OrderLineId | null
  readonly actorId: string | null
  readonly actorName: string
  readonly effectiveAt: Instant
  readonly recordedAt: Instant
  readonly seq: number
}

export type Demand = { readonly lineId: OrderLineId; readonly productId: ProductId; readonly quantityMilli: Milli }
export type Shortage = { readonly productId: ProductId; readonly askedMilli: Milli; readonly availableMilli: Milli }
export type Allocation = {
  readonly lineId: OrderLineId
  readonly productId: ProductId
  readonly locationId: LocationId
  readonly quantityMilli: Milli
}

/** INV-STK-1: a level never goes below zero. */
export function applyToLevel(onHand: Milli, delta: Milli): Result<Milli, "BELOW_ZERO"> {
  const next = onHand + delta
  return next < 0 ? err("BELOW_ZERO") : ok(next)
}

/**
 * INV-STK-2: all demands of an order are met together or none is. Demands of one product are summed before
 * the check, so that two lines cannot both have the last unit. Takes from the levels in the order given.
 */
export function allocate(
  demands: readonly Demand[],
  levelsOf: (productId: ProductId) => readonly Level[],
): Result<Allocation[], Shortage[]> {
  const asked = new Map<ProductId, Milli>()
  for (const { productId, quantityMilli } of demands) asked.set(productId, (asked.get(productId) ?? 0) + quantityMilli)

  const left = new Map<ProductId, Array<{ locationId: LocationId; onHandMilli: Milli }>>()
  const shortages: Shortage[] = []
  for (const [productId, askedMilli] of asked) {
    const levels = levelsOf(productId).filter(({ onHandMilli }) => onHandMilli > 0)
    const availableMilli = levels.reduce((sum, { onHandMilli }) => sum + onHandMilli, 0)
    if (availableMilli < askedMilli) shortages.push({ productId, askedMilli, availableMilli })
    left.set(
      productId,
      levels.map(({ locationId, onHandMilli }) => ({ locationId, onHandMilli })),
    )
  }
  if (shortages.length > 0) return err(shortages)

  const allocations: Allocation[] = []
  for (const { lineId, productId, quantityMilli } of demands) {
    let missing = quantityMilli
    for (const level of left.get(productId) ?? []) {
      const taken = Math.min(missing, level.onHandMilli)
      if (taken === 0) continue
      allocations.push({ lineId, productId, locationId: level.locationId, quantityMilli: taken })
      level.onHandMilli -= taken
      missing -= taken
    }
  }
  return ok(allocations)
}
