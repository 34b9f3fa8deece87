import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  type AskedLine,
  type OrderableProduct,
  orderFlow,
  orderMovesOf,
  orderNumber,
  orderStatuses,
  priceOrder,
} from "../../../src/domains/orders/rules.ts"
import type { ProductId } from "../../../src/kernel/ids.ts"
import { lineTotal } from "../../../src/kernel/money.ts"
import { expectSound } from "../../support/flows.ts"

const product = (id: string, changes: Partial<OrderableProduct> = {}): OrderableProduct => ({
  id: `prd_${id}`,
  sku: id.toUpperCase(),
  name: id,
  unit: "kg",
  packs: [],
  quantityStepMilli: 500,
  minOrderMilli: 2_000,
  priceMinor: 333,
  currency: "USD",
  isActive: true,
  ...changes,
})
const catalog =
  (...products: OrderableProduct[]) =>
  (id: ProductId) =>
    products.find((one) => one.id === id)
const line = (id: string, quantityMilli: number): AskedLine => ({ productId: `prd_${id}`, quantityMilli })
const faultsOf = (result: ReturnType<typeof priceOrder>) =>
  result.ok ? [] : [result.error.code, ...(result.error.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`)]

describe("the order's flow", () => {
  test("INV-ORD-1: every state can be reached from PENDING, and only the ends are dead ends", () => {
    expectSound(orderFlow, "PENDING", ["COMPLETED", "REJECTED", "CANCELLED"])
  })

  test("INV-ORD-1: the buyer only withdraws, receives and agrees to what is offered instead; every other move is the supplier's", () => {
    const movesOf = (side: "supplier" | "buyer") => Object.fromEntries(orderStatuses.map((status) => [status, orderMovesOf(status, side)]))
    expect(movesOf("supplier")).toEqual({
      ...orderFlow,
      PENDING: ["ACCEPTED", "REJECTED", "CANCELLED"],
      AMENDED: ["CANCELLED"],
      IN_DELIVERY: ["FAILED_DELIVERY", "COMPLETED"],
    })
    expect(movesOf("buyer")).toEqual({
      PENDING: ["CANCELLED"],
      AMENDED: ["ACCEPTED", "CANCELLED"],
      ACCEPTED: ["CANCELLED"],
      IN_DELIVERY: ["COMPLETED"],
      FAILED_DELIVERY: ["CANCELLED"],
      COMPLETED: [],
      REJECTED: [],
      CANCELLED: [],
    })
  })
})

describe("pricing an order", () => {
  test("a line rounds half up, and the total is the sum of the lines", () => {
    const priced = priceOrder(
      [line("a", 2_500), line("a", 500), line("b", 3_000)],
      catalog(product("a"), product("b", { priceMinor: 101 })),
    )
    // 333 × 2.5 = 832.5, 333 × 0.5 = 166.5, 101 × 3 = 303
    expect(priced).toMatchObject({
      ok: true,
      value: {
        currency: "USD",
        totalMinor: 833 + 167 + 303,
        lines: [{ lineTotalMinor: 833 }, { lineTotalMinor: 167 }, { lineTotalMinor: 303 }],
      },
    })
  })

  test("each line keeps its own name, unit and today's price, in the order asked", () => {
    const priced = priceOrder([line("b", 3_000), line("a", 2_000)], catalog(product("a"), product("b", { unit: "piece", priceMinor: 7 })))
    expect(priced).toMatchObject({
      value: {
        lines: [
          { productId: "prd_b", sku: "B", name: "b", unit: "piece", quantityMilli: 3_000, unitPriceMinor: 7 },
          { productId: "prd_a", sku: "A", name: "a", unit: "kg", quantityMilli: 2_000, unitPriceMinor: 333 },
        ],
      },
    })
  })

  test("the minimum holds for a product's lines together, and is named at each of them", () => {
    expect(priceOrder([line("a", 1_000), line("a", 1_000)], catalog(product("a"))).ok).toBe(true)
    expect(faultsOf(priceOrder([line("a", 1_000), line("a", 500)], catalog(product("a"))))).toEqual([
      "BELOW_MINIMUM",
      "/items/0/quantity BELOW_MINIMUM",
      "/items/1/quantity BELOW_MINIMUM",
    ])
  })

  test("every line is on the step by itself, though the sum be on it", () => {
    expect(faultsOf(priceOrder([line("a", 1_250), line("a", 1_250)], catalog(product("a"))))).toEqual([
      "OFF_STEP",
      "/items/0/quantity OFF_STEP",
      "/items/1/quantity OFF_STEP",
    ])
  })

  test("a product that is unknown or inactive is not sold, and says so before any other fault", () => {
    expect(
      faultsOf(priceOrder([line("a", 1), line("x", 1), line("c", 1)], catalog(product("a"), product("c", { isActive: false })))),
    ).toEqual(["VALIDATION_FAILED", "/items/1/product_id UNKNOWN_PRODUCT", "/items/2/product_id UNKNOWN_PRODUCT"])
  })

  test("an order has one currency", () => {
    const products = catalog(product("a"), product("b", { currency: "EUR" }))
    expect(faultsOf(priceOrder([line("a", 2_000), line("b", 2_000)], products))).toEqual(["VALIDATION_FAILED", "/items MIXED_CURRENCIES"])
  })

  test("an order of nothing is none, and a total that a number cannot hold exactly is refused", () => {
    expect(priceOrder([], catalog()).ok).toBe(false)
    const dear = product("a", { priceMinor: 10 ** 12, minOrderMilli: 500 })
    expect(faultsOf(priceOrder([line("a", 10 ** 12)], catalog(dear)))).toEqual(["VALIDATION_FAILED", "/items TOO_LARGE"])
  })

  test("INV-ORD-2: whatever is priced is on step, above its minimum, and adds up", () => {
    const anyProduct = fc.record({
      step: fc.constantFrom(1, 250, 500, 1_000),
      minimum: fc.integer({ min: 1, max: 5_000 }),
      price: fc.nat(10 ** 7),
      active: fc.boolean(),
    })
    const anyLines = fc.array(fc.record({ product: fc.nat(2), quantity: fc.integer({ min: 1, max: 20 }).map((n) => n * 250) }), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(fc.tuple(anyProduct, anyProduct, anyProduct), anyLines, (specs, asked) => {
        const products = specs.map(({ step, minimum, price, active }, index) =>
          product(String(index), { quantityStepMilli: step, minOrderMilli: minimum, priceMinor: price, isActive: active }),
        )
        const priced = priceOrder(
          asked.map(({ product: index, quantity }) => line(String(index), quantity)),
          catalog(...products),
        )
        const sum = (index: number) => asked.filter((one) => one.product === index).reduce((total, { quantity }) => total + quantity, 0)
        const isGood = asked.every(({ product: index, quantity }) => {
          const spec = specs[index]
          return spec !== undefined && spec.active && quantity % spec.step === 0 && sum(index) >= spec.minimum
        })
        expect(priced.ok).toBe(isGood)
        if (priced.ok) {
          expect(priced.value.lines.map(({ lineTotalMinor }) => lineTotalMinor)).toEqual(
            asked.map(({ product: index, quantity }) => lineTotal(specs[index]?.price ?? 0, quantity)),
          )
          expect(priced.value.totalMinor).toBe(priced.value.lines.reduce((total, { lineTotalMinor }) => total + lineTotalMinor, 0))
        }
      }),
    )
  })
})

test("numbers have five digits, and more when they are needed", () => {
  expect([1, 99_999, 100_000].map(orderNumber)).toEqual(["SO-00001", "SO-99999", "SO-100000"])
})
