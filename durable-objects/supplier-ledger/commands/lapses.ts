import type { Reservation } from "../../../src/domains/inventory/rules.ts"
import { lotEventDataOf, lotEvents } from "../../../src/domains/lots/events.ts"
import { expiryCheckAt } from "../../../src/domains/lots/rules.ts"
import { unitEventDataOf, unitEvents } from "../../../src/domains/units/events.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { type Instant, minute } from "../../../src/kernel/time.ts"
import type { LedgerWork } from "../work.ts"
import { freeAndCount } from "./lots.ts"
import { lapseOrder } from "./orders.ts"

/** INV-STK-8: what was promised for a time is free after it, and a lot is out of date when its day is over. @returns when to look again. */
export function lapse(work: LedgerWork): Instant | undefined {
  endAmendments(work)
  endReservations(work)
  expireLots(work)
  work.finish()
  return nextLapse(work)
}

/** INV-ORD-7: cancels the orders whose buyer's time to answer is over, and with them what was kept for them. */
function endAmendments(work: LedgerWork): void {
  for (const order of work.store.orders.unanswered(work.now, limits.alarmRowsMax)) lapseOrder(work, order)
}

/** Frees what was promised until now. */
function endReservations(work: LedgerWork): void {
  for (const reservation of work.store.reservations.expired(work.now, limits.alarmRowsMax)) endReservation(work, reservation)
}

function endReservation(work: LedgerWork, reservation: Reservation): void {
  const unit = work.stock.endReservation(reservation, "EXPIRED")
  if (unit === undefined) return
  const product = work.store.products.find(unit.productId)
  work.emit(work.store.organization.id, unitEvents.released, unitEventDataOf(unit, product))
}

/** Notes which lots' last day is over, and tells their owner of those of which there is some left. */
function expireLots(work: LedgerWork): void {
  const { lots, products, organization } = work.store
  for (const before of lots.expiring(work.today, limits.alarmRowsMax)) {
    const lot = { ...before, expiredAt: work.now, updatedAt: work.now, seq: work.seq }
    lots.save(lot)
    work.touch("lot", lot.id)
    const onHandMilli = freeAndCount(work, lot, "EXPIRED")
    const product = products.find(lot.productId)
    if (onHandMilli > 0 && product !== undefined) work.emit(organization.id, lotEvents.expired, lotEventDataOf(lot, product, onHandMilli))
  }
}

/** When to look again: at the next reservation's end, or when a lot's day may be over somewhere on earth. */
function nextLapse(work: LedgerWork): Instant | undefined {
  const { reservations, lots, orders } = work.store
  const expiry = lots.nextExpiry()
  const times = [
    // What one look was too short for is looked at again at once; a day that is not over where the supplier is, later.
    ...(expiry === undefined ? [] : [expiry < work.today ? work.now : Math.max(expiryCheckAt(expiry), work.now + 30 * minute)]),
    ...[reservations.nextExpiry(), orders.nextAnswerBy()].filter((at) => at !== undefined),
  ]
  return times.length === 0 ? undefined : Math.min(...times)
}
