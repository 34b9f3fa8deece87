import { err, ok, type Result } from "./result.ts"
import type { Instant } from "./time.ts"
import { addDays, dateIn, instantOf, type PlainDate, type WallTime, type Weekday, weekdayOf } from "./zoned-time.ts"

/** When a supplier delivers to a buyer; all times are the supplier's own, on its wall clock. */
export type DeliveryTerms = {
  /** Empty: any day. */
  readonly deliveryDays: readonly Weekday[]
  /** An order from this time on counts as the next day's; null: none does. */
  readonly orderCutOff: WallTime | null
  /** Calendar days from the day an order counts for to its delivery at the earliest; null: not agreed. */
  readonly leadTimeDays: number | null
}

type DeliveryFault = { readonly code: "TOO_EARLY" | "NOT_A_DELIVERY_DAY"; readonly earliestOn: PlainDate }

const isAgreed = ({ deliveryDays, orderCutOff, leadTimeDays }: DeliveryTerms): boolean =>
  deliveryDays.length > 0 || orderCutOff !== null || leadTimeDays !== null

const isDeliveryDay = ({ deliveryDays }: DeliveryTerms, date: PlainDate): boolean =>
  deliveryDays.length === 0 || deliveryDays.includes(weekdayOf(date))

/** INV-LNK-5: the first date an order of this instant can be delivered on. It is never earlier for a later order, also where clocks change. */
export function earliestDelivery(terms: DeliveryTerms, now: Instant, timeZone: string): PlainDate {
  const today = dateIn(now, timeZone)
  const isLate = terms.orderCutOff !== null && now >= instantOf(today, terms.orderCutOff, timeZone)
  let date = addDays(today, (isLate ? 1 : 0) + (terms.leadTimeDays ?? 0))
  while (!isDeliveryDay(terms, date)) date = addDays(date, 1)
  return date
}

/**
 * The date an order is to be delivered on: as asked, or the earliest where none was asked for. Where nothing is agreed
 * on delivery, whatever was asked for stands.
 */
export function deliveryDate(
  terms: DeliveryTerms | null,
  askedOn: PlainDate | null,
  now: Instant,
  timeZone: string,
): Result<PlainDate | null, DeliveryFault> {
  if (terms === null || !isAgreed(terms)) return ok(askedOn)
  const earliestOn = earliestDelivery(terms, now, timeZone)
  if (askedOn === null) return ok(earliestOn)
  if (askedOn < earliestOn) return err({ code: "TOO_EARLY", earliestOn })
  return isDeliveryDay(terms, askedOn) ? ok(askedOn) : err({ code: "NOT_A_DELIVERY_DAY", earliestOn })
}
