import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Allocation, allocate, applyToLevel, type Demand, type FreeCell } from "../../../src/domains/inventory/rules.ts"
import type { ProductId } from "../../../src/kernel/ids.ts"

const demand = (line: number, product: string, quantityMilli: number): Demand => ({
  lineId: `oln_${line}`,
  productId: `prd_${product}`,
  quantityMilli,
})
const level = (product: string, location: string, freeMilli: number): FreeCell => ({
  productId: `prd_${product}`,
  locationId: `whs_${location}`,
  lotId: "",
  freeMilli,
})
const from = (levels: readonly FreeCell[]) => (productId: ProductId) => levels.filter((one) => one.productId === productId)

describe("a level", () => {
  test("INV-STK-1: it goes down to zero and never below", () => {
    expect(applyToLevel(5, -5)).toEqual({ ok: true, value: 0 })
    expect(applyToLevel(5, -6)).toEqual({ ok: false, error: "BELOW_ZERO" })
    expect(applyToLevel(0, 7)).toEqual({ ok: true, value: 7 })
  })
})

describe("allocating stock", () => {
  test("takes from the locations in the order given, and only what each has", () => {
    expect(allocate([demand(1, "a", 7)], from([level("a", "main", 5), level("a", "empty", 0), level("a", "other", 5)]))).toEqual({
      ok: true,
      value: [
        { lineId: "oln_1", productId: "prd_a", locationId: "whs_main", lotId: "", quantityMilli: 5 },
        { lineId: "oln_1", productId: "prd_a", locationId: "whs_other", lotId: "", quantityMilli: 2 },
      ],
    })
  })

  test("INV-STK-2: two lines of one product cannot both have the last unit", () => {
    expect(allocate([demand(1, "a", 3), demand(2, "a", 3)], from([level("a", "main", 5)]))).toEqual({
      ok: false,
      error: [{ productId: "prd_a", askedMilli: 6, availableMilli: 5 }],
    })
  })

  test("INV-STK-2: what is short is named, each product once, and nothing is taken of the rest", () => {
    const levels = [level("a", "main", 5), level("b", "main", 5), level("c", "main", 1)]
    expect(allocate([demand(1, "a", 5), demand(2, "b", 6), demand(3, "c", 2), demand(4, "d", 1)], from(levels))).toEqual({
      ok: false,
      error: [
        { productId: "prd_b", askedMilli: 6, availableMilli: 5 },
        { productId: "prd_c", askedMilli: 2, availableMilli: 1 },
        { productId: "prd_d", askedMilli: 1, availableMilli: 0 },
      ],
    })
  })

  const anyDemands = fc.array(fc.record({ product: fc.constantFrom("a", "b", "c"), quantity: fc.integer({ min: 1, max: 20 }) }), {
    maxLength: 8,
  })
  const anyLevels = fc.uniqueArray(
    fc.record({ product: fc.constantFrom("a", "b", "c"), location: fc.constantFrom("x", "y", "z"), onHand: fc.nat(30) }),
    {
      selector: ({ product, location }) => product + location,
    },
  )

  test("INV-STK-2: allocations sum to each line's demand, never exceed a level, and fail exactly when a product is short", () => {
    fc.assert(
      fc.property(anyDemands, anyLevels, (asked, stock) => {
        const demands = asked.map(({ product, quantity }, index) => demand(index, product, quantity))
        const levels = stock.map(({ product, location, onHand }) => level(product, location, onHand))
        const before = structuredClone(levels)
        const allocated = allocate(demands, from(levels))
        expect(levels).toEqual(before)
        const isShort = ["a", "b", "c"].some((product) => {
          const wanted = asked.filter((one) => one.product === product).reduce((sum, { quantity }) => sum + quantity, 0)
          return wanted > stock.filter((one) => one.product === product).reduce((sum, { onHand }) => sum + onHand, 0)
        })
        expect(allocated.ok).toBe(!isShort)
        if (!allocated.ok) return
        const taken = (of: (one: Allocation) => boolean) =>
          allocated.value.filter(of).reduce((sum, { quantityMilli }) => sum + quantityMilli, 0)
        for (const { lineId, productId, quantityMilli } of demands)
          expect(taken((one) => one.lineId === lineId && one.productId === productId)).toBe(quantityMilli)
        for (const { productId, locationId, freeMilli } of levels) {
          expect(taken((one) => one.productId === productId && one.locationId === locationId)).toBeLessThanOrEqual(freeMilli)
        }
        for (const { quantityMilli } of allocated.value) expect(quantityMilli).toBeGreaterThan(0)
        // One movement a line and location: the ledger's unique index relies on it.
        const places = allocated.value.map(({ lineId, locationId }) => lineId + locationId)
        expect(new Set(places).size).toBe(places.length)
      }),
    )
  })
})
