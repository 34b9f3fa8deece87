import type { Flow } from "../../kernel/flow.ts"
import type { LotId, ProductId } from "../../kernel/ids.ts"
import { hour, type Instant } from "../../kernel/time.ts"
import type { FreeCell } from "../inventory/rules.ts"
import { isSellableFrom, type LocationKind } from "../warehouses/rules.ts"

export const lotStatuses = ["ACTIVE", "QUARANTINED", "RECALLED"] as const
export type LotStatus = (typeof lotStatuses)[number]

/** INV-LOT-1: a recall is for good; what was held may be sold again. */
export const lotFlow = {
  ACTIVE: ["QUARANTINED", "RECALLED"],
  QUARANTINED: ["ACTIVE", "RECALLED"],
  RECALLED: [],
} as const satisfies Flow<LotStatus>

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

/** A cell with what decides whether, and how soon, it is sold. */
export type SaleCell = FreeCell & {
  readonly locationKind: LocationKind
  readonly isDefaultLocation: boolean
  readonly lotStatus: LotStatus | null
  readonly expiresOn: string | null
  readonly receivedAt: Instant | null
}

/** A calendar day some days later: `2027-02-28` and 1 is `2027-03-01`. */
export function addDays(date: string, days: number): string {
  const at = new Date(`${date}T00:00:00Z`)
  at.setUTCDate(at.getUTCDate() + days)
  return at.toISOString().slice(0, 10)
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
