import type { Flow } from "../../kernel/flow.ts"
import type { LocationId, LotId, OrderId, OrderLineId, ProductId, UnitId } from "../../kernel/ids.ts"
import type { Milli } from "../../kernel/quantity.ts"
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

/** What each deed of people leads to. Where goods have arrived, a move's end is AVAILABLE. */
const leadsTo = {
  reserve: "RESERVED",
  release: "AVAILABLE",
  sell: "SOLD",
  move: "IN_TRANSIT",
  damage: "DAMAGED",
  return: "RMA",
} as const satisfies Record<UnitVerb, UnitStatus>

/** The states that people may bring a unit to, as a refusal names them; `SOLD` to `AVAILABLE` is an order's own way back. */
export function unitMovesOf(from: UnitStatus): readonly UnitStatus[] {
  const verbs = unitVerbs.filter((verb) => unitVerbsFrom[verb].includes(from))
  return verbs.map((verb) => (verb === "move" && from === "IN_TRANSIT" ? "AVAILABLE" : leadsTo[verb]))
}

/** A unit with what its lot is called. */
export type UnitFact = Unit & { readonly lotNumber: string | null }

/** A piece that comes in, at the default place unless said. */
export type ReceivedUnit = {
  /** Named by its id, by its GTIN, or by both where a label is read. */
  readonly productId?: ProductId
  readonly gtin?: string
  readonly serial: string
  readonly locationId?: LocationId
  readonly lotNumber?: string
  readonly expiresOn?: string
  /** Of the one piece, as written; up to three places more than the currency has. */
  readonly unitCost?: string | number
}

/** `form` is how the caller wrote them, so that a fault points at what is at fault. */
export type ReceiveUnits = { readonly items: readonly ReceivedUnit[]; readonly form: "one" | "items" | "serials" }

export type HandleUnit = {
  readonly unitId: UnitId
  readonly verb: UnitVerb
  readonly reason: string | null
  /** Of a reservation: for how long. */
  readonly holdMs?: number
  /** Where it goes, or where it came back to. */
  readonly locationId?: LocationId
  /** Of a move: it is on its way until another move says that it arrived. */
  readonly viaTransit?: boolean
  /** Of a release: whether a unit that came back may be put on sale again, which takes another permission, of which only the Worker knows. */
  readonly mayRestore?: boolean
}

/** A product's units by state, beside what there is of it in all, units or not. */
export type UnitSummary = {
  readonly productId: ProductId
  readonly sku: string
  readonly onHandMilli: Milli
  readonly reservedMilli: Milli
  /** What can be sold now. */
  readonly availableMilli: Milli
  /** A state that no unit is in may be missing. */
  readonly counts: Readonly<Partial<Record<UnitStatus, number>>>
}
