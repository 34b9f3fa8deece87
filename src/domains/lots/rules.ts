import type { Flow } from "../../kernel/flow.ts"
import type { LocationId, LotId, OrderId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import type { Milli } from "../../kernel/quantity.ts"
import { hour, type Instant } from "../../kernel/time.ts"
import { addDays } from "../../kernel/zoned-time.ts"
import type { FreeCell, ShownMovement } from "../inventory/rules.ts"
import type { OrderStatus } from "../orders/rules.ts"
import { isSellableFrom, type LocationKind } from "../warehouses/rules.ts"

export const lotStatuses = ["ACTIVE", "QUARANTINED", "RECALLED"] as const
export type LotStatus = (typeof lotStatuses)[number]

/** INV-LOT-1: a recall is for good; what was held may be sold again. */
export const lotFlow = {
  ACTIVE: ["QUARANTINED", "RECALLED"],
  QUARANTINED: ["ACTIVE", "RECALLED"],
  RECALLED: [],
} as const satisfies Flow<LotStatus>

/** What is out of date says so, unless something worse is said of it. */
export const shownLotStatuses = [...lotStatuses, "EXPIRED"] as const

export const shownStatusOf = ({ status, expiredAt }: Pick<Lot, "status" | "expiredAt">): (typeof shownLotStatuses)[number] =>
  status === "ACTIVE" && expiredAt !== null ? "EXPIRED" : status

/** What was made or received together, of one product. */
export type Lot = {
  readonly id: LotId
  readonly productId: ProductId
  readonly number: string
  /** The last day on which it may be sold, `2027-01-31`; null where it keeps. */
  readonly expiresOn: string | null
  readonly status: LotStatus
  readonly reason: string | null
  /** When the ledger saw that its day was over; whoever allocates looks at the day itself. */
  readonly expiredAt: Instant | null
  readonly receivedAt: Instant
  readonly updatedAt: Instant
  readonly version: number
  readonly seq: number
}

/** What an order took of a lot, and what of it came back. */
export type LotOrder = {
  readonly orderId: OrderId
  readonly number: string
  readonly status: OrderStatus
  readonly buyerId: OrganizationId
  readonly buyerName: string
  readonly sentMilli: Milli
  readonly returnedMilli: Milli
  readonly movedAt: Instant
}

/** A buyer who has some of a lot, by its orders. */
export type Recipient = {
  readonly buyerId: OrganizationId
  readonly buyerName: string
  readonly quantityMilli: Milli
  readonly orders: ReadonlyArray<{
    readonly orderId: OrderId
    readonly number: string
    readonly status: OrderStatus
    readonly quantityMilli: Milli
  }>
}

/** A lot after a step, with what a recall has to name. */
export type LotFact = {
  readonly id: LotId
  readonly lot: Lot
  readonly product: { readonly id: ProductId; readonly sku: string; readonly name: string; readonly unit: string }
  /** At all places. */
  readonly onHandMilli: Milli
  /** Of a recall: every order that ever took some of it, the newest first. */
  readonly orders: readonly LotOrder[]
  readonly isCutShort: boolean
}

/** Where a lot came from, where it went, and where it is. */
export type LotTrace = {
  readonly lot: Lot
  readonly product: LotFact["product"]
  readonly orders: readonly LotOrder[]
  /** All movements that no order made, oldest first. */
  readonly movements: readonly ShownMovement[]
  readonly places: ReadonlyArray<{
    readonly id: LocationId
    readonly code: string
    readonly name: string
    readonly kind: LocationKind
    readonly onHandMilli: Milli
    readonly reservedMilli: Milli
    readonly incomingMilli: Milli
  }>
  /** Whether there is more than the limits show. */
  readonly isCutShort: boolean
}

/** Who has some of a lot: what came back is with nobody. By buyer, in the order of their first order given. */
export function recipientsOf(orders: readonly LotOrder[]): Recipient[] {
  const held = orders.filter(({ sentMilli, returnedMilli }) => sentMilli > returnedMilli)
  return [...Map.groupBy(held, ({ buyerId }) => buyerId)].map(([buyerId, own]) => {
    const named = own.map(({ orderId, number, status, sentMilli, returnedMilli }) => ({
      orderId,
      number,
      status,
      quantityMilli: sentMilli - returnedMilli,
    }))
    return {
      buyerId,
      buyerName: own[0]?.buyerName ?? "",
      quantityMilli: named.reduce((sum, { quantityMilli }) => sum + quantityMilli, 0),
      orders: named,
    }
  })
}

/** A cell with what decides whether, and how soon, it is sold. */
export type SaleCell = FreeCell & {
  readonly locationKind: LocationKind
  readonly isDefaultLocation: boolean
  readonly lotStatus: LotStatus | null
  readonly expiresOn: string | null
  readonly receivedAt: Instant | null
}

/** INV-LOT-2: what is held, recalled, out of date, in quarantine or on its way is never sold. `today` is the supplier's. */
export const isSellable = (cell: SaleCell, today: string, shelfDaysMin: number): boolean =>
  isSellableFrom(cell.locationKind) &&
  (cell.lotStatus === null || cell.lotStatus === "ACTIVE") &&
  (cell.expiresOn === null || cell.expiresOn >= addDays(today, shelfDaysMin))

/**
 * INV-LOT-3: first expired, first out: by expiry, what keeps for ever last, then by when it came, then the default
 * place first. The rest of the order is only there so that it is always the same.
 */
export function inOrderOfSale(cells: readonly SaleCell[], today: string, shelfDaysMin: number): SaleCell[] {
  const key = (cell: SaleCell): string =>
    [
      cell.expiresOn ?? "9999-12-31",
      String(cell.receivedAt ?? 0).padStart(16, "0"),
      cell.isDefaultLocation ? "0" : "1",
      cell.locationId,
      cell.lotId,
    ].join(" ")
  return cells
    .filter((cell) => cell.freeMilli > 0 && isSellable(cell, today, shelfDaysMin))
    .map((cell) => ({ cell, sortsAt: key(cell) }))
    .sort((a, b) => (a.sortsAt < b.sortsAt ? -1 : 1))
    .map(({ cell }) => cell)
}

/** The first instant at which a day can be over, in the zone that is furthest ahead of UTC (fourteen hours). */
export const expiryCheckAt = (expiresOn: string): Instant => Date.parse(`${addDays(expiresOn, 1)}T00:00:00Z`) - 14 * hour
