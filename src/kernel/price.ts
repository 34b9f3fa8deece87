import type { Minor } from "./money.ts"
import type { Milli } from "./quantity.ts"

/**
 * What made a unit price: the product's own price, the link's discount on it, the link's price list, or a
 * from-quantity tier of that list.
 */
export const priceRules = ["BASE", "DISCOUNT", "PRICE_LIST", "TIER"] as const
export type PriceRule = (typeof priceRules)[number]

/** From this quantity on, in thousandths of the unit, one unit costs this much. */
export type PriceTier = { readonly fromMilli: Milli; readonly priceMinor: Minor }

/** One product in a price list. Tiers start ever higher and are never dearer than what comes before them. */
export type ListedPrice = { readonly currency: string; readonly priceMinor: Minor; readonly tiers: readonly PriceTier[] }

/** What one buyer pays at one supplier. Hundredths of a percent, 0 to 10,000; listed prices by product. */
export type LinkPrices = { readonly discountBasisPoints: number; readonly priceList: Readonly<Record<string, ListedPrice>> }

type PricedProduct = { readonly id: string; readonly priceMinor: Minor; readonly currency: string }
type UnitPrice = { readonly unitPriceMinor: Minor; readonly rule: PriceRule }

const wholeBasisPoints = 10_000n

/**
 * INV-ORD-6: what one unit costs this buyer when it takes this much of the product. A listed price comes before the
 * discount, which it is free of; one in another currency than the product's present one is not applied. A discounted
 * price rounds half up to the minor unit.
 */
export function priceFor(product: PricedProduct, prices: LinkPrices | undefined, quantityMilli: Milli): UnitPrice {
  const listed = prices === undefined ? undefined : listedPrice(prices, product)
  if (listed !== undefined) {
    const tier = listed.tiers.findLast(({ fromMilli }) => fromMilli <= quantityMilli)
    return tier === undefined
      ? { unitPriceMinor: listed.priceMinor, rule: "PRICE_LIST" }
      : { unitPriceMinor: tier.priceMinor, rule: "TIER" }
  }
  const discount = prices?.discountBasisPoints ?? 0
  if (discount === 0) return { unitPriceMinor: product.priceMinor, rule: "BASE" }
  const left = BigInt(product.priceMinor) * (wholeBasisPoints - BigInt(discount))
  return { unitPriceMinor: Number((left + wholeBasisPoints / 2n) / wholeBasisPoints), rule: "DISCOUNT" }
}

/** The product's entry in the price list, where it applies. */
export function listedPrice({ priceList }: LinkPrices, { id, currency }: Omit<PricedProduct, "priceMinor">): ListedPrice | undefined {
  const listed = Object.hasOwn(priceList, id) ? priceList[id] : undefined
  return listed?.currency === currency ? listed : undefined
}
