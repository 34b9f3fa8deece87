import type { OrganizationId } from "../../kernel/ids.ts"
import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import type { EtagSide } from "../../platform/http/reply.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { type LinkFacts, type LinkWithTerms, seesTerms, type ZonedTerms } from "./rules.ts"
import type { LinkRow } from "./tables.ts"

export const toLinkView = (link: LinkFacts) => ({
  id: link.id,
  supplier_id: link.supplierId,
  supplier_name: link.supplierName,
  buyer_id: link.buyerId,
  buyer_name: link.buyerName,
  status: link.status,
  message: link.message,
  reason: link.reason,
  created_at: formatInstant(link.createdAt),
  decided_at: formatInstantOrNull(link.decidedAt),
  version: link.version,
})

/** One link with its terms, as one side may see them. */
export const toLinkWithTermsView = ({ terms, ...link }: LinkWithTerms, viewer: OrganizationId) => ({
  ...toLinkView(link),
  terms: terms === null || !seesTerms(viewer === link.supplierId ? "supplier" : "buyer", link.status) ? null : toTermsView(terms),
})

const toTermsView = (terms: ZonedTerms) => ({
  discount_percent: terms.discountBasisPoints / 100,
  price_list: Object.entries(terms.priceList).map(([productId, { currency, priceMinor, tiers }]) => ({
    product_id: productId,
    price: formatMoney(priceMinor, currency),
    currency,
    tiers: tiers.map((tier) => ({ from_quantity: quantityNumber(tier.fromMilli), price: formatMoney(tier.priceMinor, currency) })),
  })),
  min_order_value: terms.minOrderValue === null ? null : formatMoney(terms.minOrderValue.minor, terms.minOrderValue.currency),
  currency: terms.minOrderValue?.currency ?? null,
  delivery_days: terms.deliveryDays,
  order_cut_off: terms.orderCutOff,
  lead_time_days: terms.leadTimeDays,
  min_shelf_life_days: terms.minShelfLifeDays ?? null,
  time_zone: terms.timeZone,
})

/** One party's row, as the link that both are in. */
export function linkOfRow(row: LinkRow): LinkFacts {
  const own = { id: row.orgId, name: row.ownName }
  const other = { id: row.counterpartyId, name: row.counterpartyName }
  const [supplier, buyer] = row.side === "supplier" ? [own, other] : [other, own]
  const { id, status, message, reason, createdAt, decidedAt, version, seq } = row
  return {
    id,
    supplierId: supplier.id,
    supplierName: supplier.name,
    buyerId: buyer.id,
    buyerName: buyer.name,
    status,
    message,
    reason,
    createdAt,
    decidedAt,
    version,
    seq,
  }
}

export const linkEtag = (link: LinkFacts, organizationId: OrganizationId): string => {
  const side: EtagSide = link.supplierId === organizationId ? "s" : "b"
  return etagOf(link.version, link.seq, side)
}
