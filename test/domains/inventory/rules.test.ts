import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  type Allocation,
  allocate,
  applyToLevel,
  averageCost,
  type Demand,
  type FreeCell,
  movementReasons,
  movementTypes,
  ownReasons,
  statedReasons,
  valueOf,
} from "../../../src/domains/inventory/rules.ts"
import type { ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"

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

describe("the average cost", () => {
  type Ratio = { readonly over: bigint; readonly under: bigint }
  /** Rounded half up, from the exact fraction and by comparing remainders: not the way the rule does it. */
  const rounded = ({ over, under }: Ratio): number => {
    const whole = over / under
    return Number((over - whole * under) * 2n >= under ? whole + 1n : whole)
  }
  const milli = fc.integer({ min: 1, max: limits.quantityMilliMax })
  const cost = fc.integer({ min: 0, max: limits.moneyMinorMax })

  test("is what there was and what came, over both, to the nearest thousandth and exactly so up to the limits", () => {
    fc.assert(
      fc.property(milli, cost, milli, cost, (onHandMilli, averageMilli, quantityMilli, unitCostMilli) => {
        const over = BigInt(onHandMilli) * BigInt(averageMilli) + BigInt(quantityMilli) * BigInt(unitCostMilli)
        const average = averageCost({ onHandMilli, averageMilli }, { quantityMilli, unitCostMilli })
        expect(average).toBe(rounded({ over, under: BigInt(onHandMilli) + BigInt(quantityMilli) }))
        expect(average).toBeGreaterThanOrEqual(Math.min(averageMilli, unitCostMilli))
        expect(average).toBeLessThanOrEqual(Math.max(averageMilli, unitCostMilli))
      }),
    )
  })

  test("begins with the first cost that is known, and anew when nothing was left", () => {
    expect(averageCost({ onHandMilli: 5_000, averageMilli: null }, { quantityMilli: 1, unitCostMilli: 7 })).toBe(7)
    expect(averageCost({ onHandMilli: 0, averageMilli: 9 }, { quantityMilli: 1, unitCostMilli: 7 })).toBe(7)
  })

  test("strays from the exact one by less than a thousandth for each receipt", () => {
    const receipts = fc.array(
      fc.record({ quantityMilli: fc.integer({ min: 1, max: 100_000 }), unitCostMilli: fc.integer({ min: 0, max: 1_000_000 }) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    )
    fc.assert(
      fc.property(receipts, (list) => {
        let onHandMilli = 0
        let averageMilli: number | null = null
        let value = 0n
        for (const receipt of list) {
          averageMilli = averageCost({ onHandMilli, averageMilli }, receipt)
          onHandMilli += receipt.quantityMilli
          value += BigInt(receipt.quantityMilli) * BigInt(receipt.unitCostMilli)
        }
        const exact = Number(value) / onHandMilli
        expect(Math.abs((averageMilli ?? 0) - exact)).toBeLessThanOrEqual(list.length * 0.5 + 1e-6)
      }),
    )
  })

  test("makes a value in minor units, to the nearest one and a half up", () => {
    const valueMinor = (onHandMilli: number, averageMilli: number) =>
      valueOf([{ productId: "prd_1", locationId: "whs_1", onHandMilli, currency: "USD", averageMilli }], () => undefined).totals[0]?.minor
    // 1.5 kg at 2.00 a kg; a gram at a cent a kg; half a cent.
    expect(valueMinor(1_500, 200_000)).toBe(300)
    expect(valueMinor(1, 1_000)).toBe(0)
    expect(valueMinor(500, 1_000)).toBe(1)
    fc.assert(
      fc.property(milli, fc.integer({ min: 0, max: 1_000_000_000 }), (quantityMilli, costMilli) => {
        expect(valueMinor(quantityMilli, costMilli)).toBe(rounded({ over: BigInt(quantityMilli) * BigInt(costMilli), under: 1_000_000n }))
      }),
    )
  })
})

describe("why stock moves", () => {
  test("each type has reasons of its own, and the ledger's are nobody's to state", () => {
    const stated = Object.values(statedReasons).flat()
    expect(new Set(stated).size).toBe(stated.length)
    expect(stated.filter((reason) => (ownReasons as readonly string[]).includes(reason))).toEqual([])
    expect([...movementReasons].sort()).toEqual([...stated, ...ownReasons].sort())
    expect(movementTypes.every((type) => statedReasons[type].length > 0)).toBe(true)
  })
})
