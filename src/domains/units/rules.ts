import type { Flow } from "../../kernel/flow.ts"
import type { LocationId, LotId, OrderId, OrderLineId, ProductId, UnitId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"

export const unitStatuses = ["AVAILABLE", "RESERVED", "SOLD", "DAMAGED", "RMA", "IN_TRANSIT"] as const
export type UnitStatus = (typeof unitStatuses)[number]

export const unitFlow = {
  AVAILABLE: ["RESERVED", "SOLD", "DAMAGED", "IN_TRANSIT"],
  RESERVED: ["AVAILABLE", "SOLD", "DAMAGED"],
  SOLD: ["RMA", "AVAILABLE"],
  DAMAGED: ["RMA"],
  RMA: ["AVAILABLE", "DAMAGED"],
  IN_TRANSIT: ["AVAILABLE", "DAMAGED"],
} as const satisfies Flow<UnitStatus>

/** What people do with a unit, and where that leads. A move ends where it began, or in IN_TRANSIT until it arrives. */
export const unitVerbs = ["reserve", "release", "sell", "move", "damage", "return"] as const
export type UnitVerb = (typeof unitVerbs)[number]

/** INV-UNT-1: the states from which each deed is allowed. A release of an RMA says that the unit is as good as new. */
export const unitVerbsFrom: Readonly<Record<UnitVerb, readonly UnitStatus[]>> = {
  reserve: ["AVAILABLE"],
  release: ["RESERVED", "RMA"],
  sell: ["AVAILABLE", "RESERVED"],
  move: ["AVAILABLE", "IN_TRANSIT"],
  damage: ["AVAILABLE", "RESERVED", "RMA", "IN_TRANSIT"],
  return: ["SOLD", "DAMAGED"],
}

/** INV-UNT-2: a unit in one of these is one of those on hand at its place; in the others it is none. */
export const isOnHand = (status: UnitStatus): boolean => status === "AVAILABLE" || status === "RESERVED" || status === "IN_TRANSIT"

export type UnitHistoryEntry = {
  readonly from: UnitStatus | null
  readonly to: UnitStatus
  readonly at: Instant
  readonly locationId: LocationId
  readonly by: { readonly id: string | null; readonly name: string }
  readonly reason: string | null
}

/** One serialized piece of a product. */
export type Unit = {
  readonly id: UnitId
  readonly productId: ProductId
  readonly serial: string
  readonly locationId: LocationId
  /** Empty where it belongs to no lot. */
  readonly lotId: LotId | ""
  readonly status: UnitStatus
  readonly orderId: OrderId | null
  readonly orderLineId: OrderLineId | null
  readonly reservedUntil: Instant | null
  /** The newest last, bounded: the audit log has all. */
  readonly history: readonly UnitHistoryEntry[]
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly version: number
  readonly seq: number
}

/** The states that may follow, as a refusal names them. */
export const unitMovesOf = (from: UnitStatus): readonly UnitStatus[] => unitFlow[from]
