import type { LocationId, LotId, MovementId, OrderId, OrderLineId, ProductId, ReservationId, UnitId } from "../../kernel/ids.ts"
import type { Milli } from "../../kernel/quantity.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

export const movementTypes = ["IN", "OUT", "TRANSFER", "ADJUSTMENT"] as const
export type MovementType = (typeof movementTypes)[number]

/** Why people move stock, for each type; the first is what it is when nobody says. */
export const statedReasons = {
  IN: ["RECEIPT", "OPENING", "PRODUCED", "RETURNED", "FOUND"],
  OUT: ["ISSUE", "DAMAGED", "EXPIRED", "LOST", "DESTROYED", "SAMPLE", "CONSUMED", "RETURNED_TO_SUPPLIER"],
  TRANSFER: ["TRANSFER", "REPLENISHMENT", "TO_QUARANTINE", "FROM_QUARANTINE"],
  ADJUSTMENT: ["COUNT", "CORRECTION"],
} as const satisfies Record<MovementType, readonly [string, ...string[]]>

/** Why the ledger moves stock by itself. */
export const ownReasons = ["ORDER_ACCEPTED", "ORDER_CANCELLED", "UNIT_SOLD", "UNIT_DAMAGED", "UNIT_RESTORED"] as const

export type StatedReason = (typeof statedReasons)[MovementType][number]
export type MovementReason = StatedReason | (typeof ownReasons)[number]

export const movementReasons: readonly MovementReason[] = [
  ...new Set<MovementReason>([...Object.values(statedReasons).flat(), ...ownReasons]),
]

/** No lot is a lot of its own, so that it can be part of a key. */
export type LotKey = LotId | ""

/** Where stock lies: a product's lot at a place. Everything that is counted is counted here. */
export type Cell = { readonly productId: ProductId; readonly locationId: LocationId; readonly lotId: LotKey }

/** What a cell holds. What is reserved is the sum of its reservations and stands nowhere else. */
export type Level = Cell & { readonly onHandMilli: Milli; readonly seq: number }

/** One entry of the journal; rows are never changed. */
export type Movement = {
  readonly id: MovementId
  readonly productId: ProductId
  readonly locationId: LocationId
  /** Of a transfer: where it went. */
  readonly toLocationId: LocationId | null
  readonly lotId: LotKey
  readonly type: MovementType
  /** What it did at `locationId`; a transfer did the opposite at `toLocationId`. */
  readonly quantityMilli: Milli
  readonly reason: MovementReason
  readonly orderId: OrderId | null
  readonly orderLineId: OrderLineId | null
  readonly unitId: UnitId | null
  /** What a unit of measure cost, in thousandths of the minor unit of the product's currency; of receipts alone. */
  readonly unitCostMilli: number | null
  /** Of the cost. */
  readonly currency: string | null
  readonly reference: string | null
  /** The earlier row that this one puts right. */
  readonly corrects: MovementId | null
  /** The transfer that this one ends, in whole or in part. */
  readonly receives: MovementId | null
  readonly actorId: string | null
  readonly actorName: string
  readonly effectiveAt: Instant
  readonly recordedAt: Instant
  readonly seq: number
}

/** A movement with what its reader needs of its lot, and of goods that were sent on their way how much has not arrived. */
export type ShownMovement = Movement & {
  readonly lotNumber: string | null
  readonly expiresOn: string | null
  readonly openMilli: Milli | null
}

/** Stock that is promised: to a line of an amended order, or as a unit. */
export type Reservation = Cell & {
  readonly id: ReservationId
  readonly quantityMilli: Milli
  readonly orderId: OrderId | null
  readonly orderLineId: OrderLineId | null
  readonly unitId: UnitId | null
  readonly expiresAt: Instant
  readonly seq: number
}

/** Goods that have left one place for another: `leftMilli` of them are still on the way. */
export type Transit = {
  readonly movementId: MovementId
  readonly productId: ProductId
  readonly lotId: LotKey
  readonly toLocationId: LocationId
  readonly leftMilli: Milli
}

export type Demand = { readonly lineId: OrderLineId; readonly productId: ProductId; readonly quantityMilli: Milli }
type Shortage = { readonly productId: ProductId; readonly askedMilli: Milli; readonly availableMilli: Milli }
export type Allocation = Cell & { readonly lineId: OrderLineId; readonly quantityMilli: Milli }

/** What can be taken from a cell: what is on hand and promised to nobody. */
export type FreeCell = Cell & { readonly freeMilli: Milli }

/** INV-STK-1: a level never goes below zero. */
export function applyToLevel(onHand: Milli, delta: Milli): Result<Milli, "BELOW_ZERO"> {
  const next = onHand + delta
  return next < 0 ? err("BELOW_ZERO") : ok(next)
}

/**
 * INV-STK-2: all demands of an order are met together or none is. Demands of one product are summed before
 * the check, so that two lines cannot both have the last unit. Takes from the cells in the order given.
 */
export function allocate(
  demands: readonly Demand[],
  cellsOf: (productId: ProductId) => readonly FreeCell[],
): Result<Allocation[], Shortage[]> {
  const asked = new Map<ProductId, Milli>()
  for (const { productId, quantityMilli } of demands) asked.set(productId, (asked.get(productId) ?? 0) + quantityMilli)

  const left = new Map<ProductId, Array<Cell & { freeMilli: Milli }>>()
  const shortages: Shortage[] = []
  for (const [productId, askedMilli] of asked) {
    const cells = cellsOf(productId).filter(({ freeMilli }) => freeMilli > 0)
    const availableMilli = cells.reduce((sum, { freeMilli }) => sum + freeMilli, 0)
    if (availableMilli < askedMilli) shortages.push({ productId, askedMilli, availableMilli })
    left.set(
      productId,
      cells.map((cell) => ({ ...cell })),
    )
  }
  if (shortages.length > 0) return err(shortages)

  const allocations: Allocation[] = []
  for (const { lineId, productId, quantityMilli } of demands) {
    let missing = quantityMilli
    for (const cell of left.get(productId) ?? []) {
      const taken = Math.min(missing, cell.freeMilli)
      if (taken === 0) continue
      allocations.push({ lineId, productId, locationId: cell.locationId, lotId: cell.lotId, quantityMilli: taken })
      cell.freeMilli -= taken
      missing -= taken
    }
  }
  return ok(allocations)
}

/**
 * The moving average after a receipt: what there was at its average and what came at its cost, over both together,
 * rounded half up. What was on hand at no known cost takes the first cost that is known.
 */
export function averageCost(
  before: { readonly onHandMilli: Milli; readonly averageMilli: number | null },
  receipt: { readonly quantityMilli: Milli; readonly unitCostMilli: number },
): number {
  if (before.averageMilli === null || before.onHandMilli <= 0) return receipt.unitCostMilli
  const quantity = BigInt(before.onHandMilli) + BigInt(receipt.quantityMilli)
  const value = BigInt(before.onHandMilli) * BigInt(before.averageMilli) + BigInt(receipt.quantityMilli) * BigInt(receipt.unitCostMilli)
  return Number((value * 2n + quantity) / (quantity * 2n))
}

/** What a product's stock at a place is made of, with its average cost where that is known. */
export type ValuedStock = {
  readonly productId: ProductId
  readonly locationId: LocationId
  readonly onHandMilli: Milli
  readonly currency: string | null
  /** Thousandths of the currency's minor unit. */
  readonly averageMilli: number | null
}

/** A worth in one currency's minor units. */
export type Worth = { readonly currency: string; readonly minor: number }

export type StockValue = {
  readonly totals: readonly Worth[]
  readonly places: ReadonlyArray<{
    readonly id: LocationId
    readonly code: string
    readonly name: string
    readonly worth: readonly Worth[]
  }>
  /** Products on hand of which nobody said what they cost; they are in no sum. */
  readonly productsWithoutCost: number
}

/**
 * INV-STK-11: what stock is worth by its moving average cost, by place and currency, and in total. A place's worth is
 * rounded once, half up to the minor unit, and the total is the sum of the places', so that they always add up.
 */
export function valueOf(
  stock: Iterable<ValuedStock>,
  placeOf: (id: LocationId) => { readonly code: string; readonly name: string } | undefined,
): StockValue {
  const byPlace = new Map<LocationId, Map<string, bigint>>()
  const unknown = new Set<ProductId>()
  for (const { productId, locationId, onHandMilli, currency, averageMilli } of stock) {
    if (currency === null || averageMilli === null) {
      unknown.add(productId)
      continue
    }
    const sums = byPlace.get(locationId) ?? new Map<string, bigint>()
    byPlace.set(locationId, sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(onHandMilli) * BigInt(averageMilli)))
  }
  const places = [...byPlace].map(([id, sums]) => ({
    id,
    code: placeOf(id)?.code ?? "",
    name: placeOf(id)?.name ?? "",
    worth: worthsOf([...sums].map(([currency, millionths]) => [currency, minorOf(millionths)])),
  }))
  const totals = new Map<string, number>()
  for (const { currency, minor } of places.flatMap(({ worth }) => worth)) totals.set(currency, (totals.get(currency) ?? 0) + minor)
  return {
    totals: worthsOf([...totals]),
    places: places.sort((a, b) => (a.code < b.code ? -1 : 1)),
    productsWithoutCost: unknown.size,
  }
}

/** Quantities in thousandths times costs in thousandths are millionths of a minor unit; rounded half up. */
const minorOf = (millionths: bigint): number => Number((millionths + 500_000n) / 1_000_000n)

const worthsOf = (sums: ReadonlyArray<readonly [string, number]>): Worth[] =>
  sums.map(([currency, minor]) => ({ currency, minor })).sort((a, b) => (a.currency < b.currency ? -1 : 1))
