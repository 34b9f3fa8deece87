import { lotEventDataOf, lotEvents } from "../../../src/domains/lots/events.ts"
import { expiryCheckAt } from "../../../src/domains/lots/rules.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { type Instant, minute } from "../../../src/kernel/time.ts"
import type { LedgerWork } from "../work.ts"
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
  const { reservations, units } = work.store
  for (const reservation of reservations.expired(work.now, limits.alarmRowsMax)) {
    work.stock.release(reservation)
    const unit = reservation.unitId === null ? undefined : units.find(reservation.unitId)
    if (unit?.status === "RESERVED") work.stock.saveUnit(unit, { status: "AVAILABLE", orderId: null, reservedUntil: null }, "EXPIRED")
  }
}

/** Notes which lots' last day is over, and tells their owner of those of which there is some left. */
function expireLots(work: LedgerWork): void {
  const { lots, levels, reservations, products, organization } = work.store
  for (const before of lots.expiring(work.today, limits.alarmRowsMax)) {
    const lot = { ...before, expiredAt: work.now, updatedAt: work.now, seq: work.seq }
    lots.save(lot)
    work.touch("lot", lot.id)
    let onHandMilli = 0
    for (const level of levels.ofLot(lot.id)) {
      onHandMilli += level.onHandMilli
      // INV-LOT-4: nothing stays promised of what may not be sold.
      for (const reservation of reservations.ofCell(level)) if (reservation.unitId === null) work.stock.release(reservation)
      work.stock.restamp(level)
    }
    const product = products.find(lot.productId)
    if (onHandMilli > 0 && product !== undefined) work.emit(organization.id, lotEvents.expired, lotEventDataOf(lot, product, onHandMilli))
  }
}

/** When to look again: at the next reservation's end, or when a lot's day may be over somewhere on earth. */
function nextLapse(work: LedgerWork): Instant | undefined {
  const { reservations, lots, orders } = work.store
  const expiry = lots.nextExpiry()
  const times = [
    ...(expiry === undefined ? [] : [Math.max(expiryCheckAt(expiry), work.now + 30 * minute)]),
    ...[reservations.nextExpiry(), orders.nextAnswerBy()].filter((at) => at !== undefined),
  ]
  return times.length === 0 ? undefined : Math.min(...times)
}
