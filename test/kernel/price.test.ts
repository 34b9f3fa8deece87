import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { type LinkPrices, listedPrice, priceFor } from "../../src/kernel/price.ts"

const product = { id: "prd_tomatoes", priceMinor: 599, currency: "USD" }

/** From a quantity on, a price; the first is the list's own. */
type Step = readonly [fromMilli: number, priceMinor: number]

const prices = (discountBasisPoints: number, ...steps: Step[]): LinkPrices => {
  const [first, ...rest] = steps
  if (first === undefined) return { discountBasisPoints, priceList: {} }
  const tiers = rest.map(([fromMilli, priceMinor]) => ({ fromMilli, priceMinor }))
  return { discountBasisPoints, priceList: { [product.id]: { currency: "USD", priceMinor: first[1], tiers } } }
}

const minor = fc.integer({ min: 0, max: limits.moneyMinorMax })
const milli = fc.integer({ min: 1, max: limits.quantityMilliMax })
const basisPoints = fc.integer({ min: 0, max: 10_000 })
/** Tiers as a supplier may state them: from 0, ascending, never dearer. */
const tiers = fc
  .tuple(minor, fc.uniqueArray(fc.tuple(milli, minor), { maxLength: limits.priceTiersMax, selector: ([from]) => from }))
  .map(([base, later]): Step[] => {
    const starts = later.map(([from]) => from).sort((a, b) => a - b)
    const amounts = later.map(([, price]) => Math.min(price, base)).sort((a, b) => b - a)
    return [[0, base], ...starts.map((from, index): Step => [from, amounts[index] ?? 0])]
  })

describe("INV-ORD-6: a unit price", () => {
  test.each([
    ["without terms", undefined, 1_000, 599, "BASE"],
    ["with terms that say nothing of prices", prices(0), 1_000, 599, "BASE"],
    ["with a discount", prices(500), 1_000, 569, "DISCOUNT"],
    ["with a discount of all", prices(10_000), 1_000, 0, "DISCOUNT"],
    ["of the price list, whatever the discount", prices(500, [0, 580]), 1_000, 580, "PRICE_LIST"],
    ["just before a tier", prices(0, [0, 580], [10_000, 550]), 9_999, 580, "PRICE_LIST"],
    ["from a tier on", prices(0, [0, 580], [10_000, 550]), 10_000, 550, "TIER"],
    ["of the last tier reached", prices(0, [0, 580], [10_000, 550], [20_000, 500]), 99_000, 500, "TIER"],
  ] as const)("%s", (_what, terms, quantity, unitPriceMinor, rule) => {
    expect(priceFor(product, terms, quantity)).toEqual({ unitPriceMinor, rule })
  })

  test("rounds half up where a discount meets half a minor unit", () => {
    expect(priceFor({ ...product, priceMinor: 50 }, prices(100), 1)).toEqual({ unitPriceMinor: 50, rule: "DISCOUNT" })
    expect(priceFor({ ...product, priceMinor: 51 }, prices(100), 1)).toEqual({ unitPriceMinor: 50, rule: "DISCOUNT" })
  })

  test("of a list in another currency than the product's present one is not applied", () => {
    const terms = prices(1_000, [0, 1])
    expect(priceFor({ ...product, currency: "EUR" }, terms, 1_000)).toEqual({ unitPriceMinor: 539, rule: "DISCOUNT" })
    expect(listedPrice(terms, { ...product, currency: "EUR" })).toBeUndefined()
  })

  test("of a product whose id is a word of JavaScript's own is the product's", () => {
    for (const id of ["__proto__", "constructor", "toString"]) expect(priceFor({ ...product, id }, prices(0), 1).rule).toBe("BASE")
  })

  test("never rises with the quantity", () => {
    fc.assert(
      fc.property(minor, basisPoints, fc.option(tiers, { nil: [] }), milli, milli, (priceMinor, discount, list, one, other) => {
        const terms = prices(discount, ...list)
        const [less, more] = one < other ? [one, other] : [other, one]
        const at = (quantity: number) => priceFor({ ...product, priceMinor }, terms, quantity).unitPriceMinor
        expect(at(more)).toBeLessThanOrEqual(at(less))
      }),
      { numRuns: 1_000 },
    )
  })

  test("with a discount is the exact one rounded half up, never above the product's own nor below nothing", () => {
    fc.assert(
      fc.property(minor, basisPoints, (priceMinor, discount) => {
        const { unitPriceMinor } = priceFor({ ...product, priceMinor }, prices(discount), 1)
        const error = BigInt(unitPriceMinor) * 10_000n - BigInt(priceMinor) * BigInt(10_000 - discount)
        expect(error > -5_000n && error <= 5_000n).toBe(true)
        expect(unitPriceMinor).toBeGreaterThanOrEqual(0)
        expect(unitPriceMinor).toBeLessThanOrEqual(priceMinor)
      }),
      { numRuns: 1_000 },
    )
  })

  test("is one of those that the list has, by the rule that it says", () => {
    fc.assert(
      fc.property(tiers, milli, (list, quantity) => {
        const { unitPriceMinor, rule } = priceFor(product, prices(0, ...list), quantity)
        const place = list.filter(([from]) => from <= quantity).length - 1
        expect(unitPriceMinor).toBe(list[place]?.[1])
        expect(rule).toBe(place === 0 ? "PRICE_LIST" : "TIER")
      }),
    )
  })
})
