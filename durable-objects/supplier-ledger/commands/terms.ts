import { linkTermsChanged, termsEventDataOf } from "../../../src/domains/partners/events.ts"
import {
  type GivenTerms,
  type LinkFacts,
  type LinkTerms,
  type LinkWithTerms,
  linkMovesOf,
  termsOf,
  termsStatuses,
} from "../../../src/domains/partners/rules.ts"
import { deliveryDate } from "../../../src/kernel/delivery.ts"
import type { LinkId } from "../../../src/kernel/ids.ts"
import { formatMoney } from "../../../src/kernel/money.ts"
import { err, ok, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerStore } from "../store/index.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, checkVersion } from "./command.ts"
import { linkSideOf } from "./links.ts"

type SetLinkTerms = { readonly linkId: LinkId; readonly terms: GivenTerms }

/** Replaces a link's terms. They are part of the link: its version moves, and orders from here on are priced by them. */
function setLinkTerms(work: LedgerWork, { linkId, terms: given }: SetLinkTerms, ifMatch: number | undefined): Result<LinkWithTerms> {
  const { store, actor } = work
  const before = store.links.find(linkId)
  const side = before === undefined ? undefined : linkSideOf(before, actor.organizationId)
  if (before === undefined || side === undefined) return refuse("NOT_FOUND", "There is no such link.")
  if (side === "buyer") return refuse("FORBIDDEN", "The supplier sets the terms.")
  const stale = checkVersion("link", before, ifMatch)
  if (stale !== undefined) return stale
  if (!termsStatuses.includes(before.status)) {
    return refuse("INVALID_TRANSITION", `A link that is ${before.status} has no terms to set.`, {
      current: before.status,
      allowed: linkMovesOf(before.status, side),
    })
  }
  const currencies = store.terms.currenciesOf(given.priceList.map(({ productId }) => productId))
  const made = termsOf(given, (id) => currencies.get(id), store.organization.settings.currency)
  if (!made.ok) return err({ code: "VALIDATION_FAILED", errors: made.error })

  const terms = made.value
  const earlier = store.terms.of(linkId)?.terms
  const link: LinkFacts = { ...before, version: before.version + 1, seq: work.seq }
  store.links.save(link)
  store.terms.save(linkId, terms, work.seq)
  work.touch("link", linkId)
  work.touch("terms", linkId)
  work.audit({
    action: "partners.terms.set",
    entity: "link",
    entityId: linkId,
    before: earlier === undefined ? undefined : said(earlier),
    after: { ...said(terms), prices_changed: changedPrices(earlier, terms), buyer_id: link.buyerId },
  })
  work.emit(link.supplierId, linkTermsChanged, termsEventDataOf(link, "supplier"))
  // INV-LNK-6
  if (link.status === "APPROVED") work.emit(link.buyerId, linkTermsChanged, termsEventDataOf(link, "buyer"))
  return ok(withTerms(work.store, link))
}

/** A link with its terms and the zone that their times are in. */
export function withTerms(store: LedgerStore, link: LinkFacts): LinkWithTerms {
  const stored = store.terms.of(link.id)
  return { ...link, terms: stored === undefined ? null : { ...stored.terms, timeZone: store.organization.settings.time_zone } }
}

/** For the trail: the list itself may be long, so it tells how long it is and what became of which products. */
const said = ({ discountBasisPoints, minOrderValue, deliveryDays, orderCutOff, leadTimeDays, minShelfLifeDays, priceList }: LinkTerms) => ({
  discount_percent: discountBasisPoints / 100,
  min_order_value: minOrderValue === null ? null : formatMoney(minOrderValue.minor, minOrderValue.currency),
  currency: minOrderValue?.currency ?? null,
  delivery_days: deliveryDays,
  order_cut_off: orderCutOff,
  lead_time_days: leadTimeDays,
  min_shelf_life_days: minShelfLifeDays ?? null,
  listed_products: Object.keys(priceList).length,
})

const changesToldMax = 50

/** The first products whose listed price is new, other or gone (null), as the list has them. */
function changedPrices(before: LinkTerms | undefined, after: LinkTerms): Record<string, unknown> {
  const earlier = before?.priceList ?? {}
  const ids = new Set([...Object.keys(earlier), ...Object.keys(after.priceList)])
  const changed = [...ids].filter((id) => JSON.stringify(earlier[id]) !== JSON.stringify(after.priceList[id]))
  return Object.fromEntries(changed.slice(0, changesToldMax).map((id) => [id, priceSaid(after, id)]))
}

function priceSaid({ priceList }: LinkTerms, id: string): unknown {
  const listed = priceList[id]
  if (listed === undefined) return null
  const price = (minor: number) => formatMoney(minor, listed.currency)
  return {
    price: price(listed.priceMinor),
    tiers: listed.tiers.map(({ fromMilli, priceMinor }) => ({ from_quantity: fromMilli / 1000, price: price(priceMinor) })),
  }
}

/** An order below the buyer's minimum value is refused; orders in another currency than the minimum's are not bound by it. */
export function checkOrderValue(
  terms: LinkTerms | undefined,
  order: { readonly totalMinor: number; readonly currency: string },
): Result<void> {
  const least = terms?.minOrderValue ?? null
  if (least === null || least.currency !== order.currency || order.totalMinor >= least.minor) return ok(undefined)
  const [minimum, total] = [least.minor, order.totalMinor].map((minor) => formatMoney(minor, order.currency))
  const message = `The order comes to ${total} ${order.currency}; this supplier delivers from ${minimum} on.`
  return refuse("BELOW_MINIMUM", message, {
    errors: [{ pointer: "/items", code: "BELOW_MINIMUM_ORDER_VALUE", message }],
    extra: { min_order_value: minimum, total_amount: total, currency: order.currency },
  })
}

/** The date an order of this moment is to be delivered on, by the link's terms and the supplier's wall clock. */
export function agreeOnDelivery(work: LedgerWork, terms: LinkTerms | undefined, askedOn: string | null): Result<string | null> {
  const agreed = deliveryDate(terms ?? null, askedOn, work.now, work.store.organization.settings.time_zone)
  if (agreed.ok) return agreed
  const { code, earliestOn } = agreed.error
  const message =
    code === "TOO_EARLY"
      ? `Ordered now, the earliest delivery is on ${earliestOn}.`
      : `The supplier does not deliver on that weekday; it does on ${(terms?.deliveryDays ?? []).join(", ")}.`
  return refuse("VALIDATION_FAILED", message, {
    errors: [{ pointer: "/requested_delivery_on", code, message }],
    extra: { earliest_delivery_on: earliestOn },
  })
}

export const termsCommands = {
  setLinkTerms: { by: "party", run: setLinkTerms },
} as const satisfies Record<string, Command>
