import type { DeliveryTerms } from "../../kernel/delivery.ts"
import type { Flow } from "../../kernel/flow.ts"
import type { LinkId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import { type Minor, parseMoney } from "../../kernel/money.ts"
import type { LinkPrices, ListedPrice, PriceTier } from "../../kernel/price.ts"
import type { Milli } from "../../kernel/quantity.ts"
import { err, type InputFault, ok, type Result } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

export const linkStatuses = ["PENDING", "APPROVED", "REJECTED", "BLOCKED", "REMOVED"] as const
export type LinkStatus = (typeof linkStatuses)[number]

export type Side = "supplier" | "buyer"

/** INV-LNK-1: where a link may go. REJECTED and REMOVED come alive again only by a new request, which revives the same row. */
export const linkFlow = {
  PENDING: ["APPROVED", "REJECTED", "BLOCKED", "REMOVED"],
  APPROVED: ["BLOCKED", "REMOVED"],
  REJECTED: ["PENDING"],
  BLOCKED: ["APPROVED"],
  REMOVED: ["PENDING"],
} as const satisfies Flow<LinkStatus>

/** What `PUT /links/{id}/status` can ask for; PENDING comes from a request alone. */
export const decidableLinkStatuses = ["APPROVED", "REJECTED", "BLOCKED", "REMOVED"] as const
export type DecidableLinkStatus = (typeof decidableLinkStatuses)[number]

/** INV-LNK-2: the states a side may move a link to from here: the supplier decides, the buyer withdraws, either ends an approved one. */
export function linkMovesOf(from: LinkStatus, side: Side): readonly DecidableLinkStatus[] {
  const moves: readonly LinkStatus[] = linkFlow[from]
  return decidableLinkStatuses.filter(
    (to) => moves.includes(to) && (side === "buyer" ? to === "REMOVED" : to !== "REMOVED" || from === "APPROVED"),
  )
}

/** What a new request does to the link there is, if any. */
type RequestVerdict = "CREATE" | "REVIVE" | "LINK_EXISTS" | "LINK_BLOCKED" | "LINK_COOLING_DOWN"

export function judgeRequest(
  existing: { status: LinkStatus; decidedAt: Instant | null } | undefined,
  now: Instant,
  coolDownMs: number,
): RequestVerdict {
  if (existing === undefined) return "CREATE"
  switch (existing.status) {
    case "PENDING":
    case "APPROVED":
      return "LINK_EXISTS"
    case "BLOCKED":
      return "LINK_BLOCKED"
    case "REJECTED":
    case "REMOVED":
      return now < (existing.decidedAt ?? 0) + coolDownMs ? "LINK_COOLING_DOWN" : "REVIVE"
  }
}

/** A link as the supplier's ledger holds it. */
export type LinkFacts = {
  readonly id: LinkId
  readonly supplierId: OrganizationId
  readonly supplierName: string
  readonly buyerId: OrganizationId
  readonly buyerName: string
  readonly status: LinkStatus
  readonly message: string | null
  readonly reason: string | null
  readonly createdAt: Instant
  readonly decidedAt: Instant | null
  readonly version: number
  readonly seq: number
}

/** What a supplier grants one buyer: prices, the least an order must come to, and delivery. */
export type LinkTerms = LinkPrices &
  DeliveryTerms & {
    /** Null: none. */
    readonly minOrderValue: { readonly minor: Minor; readonly currency: string } | null
    /** How many days goods must keep, counted from the day they are taken for the buyer; missing in terms from before there was one. */
    readonly minShelfLifeDays?: number | null
  }

/** Terms with the supplier's time zone, which their times are in. */
export type ZonedTerms = LinkTerms & { readonly timeZone: string }

/** A link with its terms, null where it has none. */
export type LinkWithTerms = LinkFacts & { readonly terms: ZonedTerms | null }

/** States in which terms can be set: a supplier may prepare them before it approves, and mend them while it blocks. */
export const termsStatuses: readonly LinkStatus[] = ["PENDING", "APPROVED", "BLOCKED"]

/** INV-LNK-6: a price list names products, so a buyer sees its terms no sooner than the catalog they are about. */
export const seesTerms = (side: Side, status: LinkStatus): boolean => side === "supplier" || status === "APPROVED"

/** Terms as the supplier states them. Prices come as written: how many digits fit depends on the product's currency. */
export type GivenTerms = DeliveryTerms & {
  readonly discountBasisPoints: number
  readonly priceList: ReadonlyArray<{
    readonly productId: ProductId
    readonly price: string | number
    readonly currency?: string
    readonly tiers: ReadonlyArray<{ readonly fromMilli: Milli; readonly price: string | number }>
  }>
  readonly minOrderValue: { readonly value: string | number; readonly currency?: string } | null
  readonly minShelfLifeDays: number | null
}

const faultsShownMax = 100

/**
 * INV-LNK-4: the terms, if every listed product is one of the supplier's, listed once, priced in its own currency, and
 * never dearer for more. `currencyOf` is undefined for a product that the supplier does not sell.
 */
export function termsOf(
  given: GivenTerms,
  currencyOf: (id: ProductId) => string | undefined,
  defaultCurrency: string,
): Result<LinkTerms, readonly InputFault[]> {
  const faults: InputFault[] = []
  const fault = (pointer: string, code: string, message: string): void => void faults.push({ pointer, code, message })
  const money = (pointer: string, value: string | number, currency: string): Minor => {
    const parsed = parseMoney(value, currency)
    if (parsed.ok) return parsed.value
    fault(pointer, parsed.error, `Is no amount in ${currency}.`)
    return 0
  }

  const priceList: Record<string, ListedPrice> = {}
  given.priceList.forEach(({ productId, price, currency: stated, tiers }, index) => {
    const at = `/price_list/${index}`
    const currency = currencyOf(productId)
    if (currency === undefined) return fault(`${at}/product_id`, "UNKNOWN_PRODUCT", "The organization sells no such product.")
    if (Object.hasOwn(priceList, productId)) return fault(`${at}/product_id`, "DUPLICATE", "The product is listed twice.")
    if (stated !== undefined && stated !== currency) fault(`${at}/currency`, "OTHER_CURRENCY", `The product is sold in ${currency}.`)
    let [lastFrom, lastPrice] = [0, money(`${at}/price`, price, currency)]
    const priceMinor = lastPrice
    const steps: PriceTier[] = []
    tiers.forEach((tier, place) => {
      const tierPrice = money(`${at}/tiers/${place}/price`, tier.price, currency)
      if (tier.fromMilli <= lastFrom)
        fault(`${at}/tiers/${place}/from_quantity`, "NOT_ASCENDING", "Each tier starts at a larger quantity than the one before.")
      if (tierPrice > lastPrice) fault(`${at}/tiers/${place}/price`, "PRICE_RISES", "A larger quantity is never dearer a unit.")
      ;[lastFrom, lastPrice] = [tier.fromMilli, tierPrice]
      steps.push({ fromMilli: lastFrom, priceMinor: lastPrice })
    })
    priceList[productId] = { currency, priceMinor, tiers: steps }
  })

  const currency = given.minOrderValue?.currency ?? defaultCurrency
  const minOrderValue =
    given.minOrderValue === null ? null : { minor: money("/min_order_value", given.minOrderValue.value, currency), currency }
  if (faults.length > 0) return err(faults.slice(0, faultsShownMax))
  const { discountBasisPoints, deliveryDays, orderCutOff, leadTimeDays, minShelfLifeDays } = given
  return ok({ discountBasisPoints, priceList, minOrderValue, deliveryDays, orderCutOff, leadTimeDays, minShelfLifeDays })
}
