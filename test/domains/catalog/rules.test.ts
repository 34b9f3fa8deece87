import { env } from "cloudflare:workers"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { availabilityOf, checkTerms, type ProductTerms } from "../../../src/domains/catalog/rules.ts"
import { searchExpression } from "../../../src/domains/catalog/search-terms.ts"
import { limits } from "../../../src/kernel/limits.ts"

const terms = (changes: Partial<ProductTerms>): ProductTerms => ({
  gtin: null,
  sku: "TOM-001",
  name: "Tomatoes",
  description: "",
  category: "",
  unit: "kg",
  quantityStepMilli: 500,
  priceMinor: 599,
  currency: "USD",
  minOrderMilli: 1_000,
  minStockMilli: 0,
  packs: [],
  isActive: true,
  ...changes,
})

describe("a product's terms", () => {
  test("INV-CAT-1: the minimum order and a stated stock are multiples of the step, and each fault is named", () => {
    expect(checkTerms(terms({}), 1_500)).toEqual([])
    expect(checkTerms(terms({ minOrderMilli: 700 }), 250).map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      "/min_order_qty OFF_STEP",
      "/stock_quantity OFF_STEP",
    ])
  })

  test("availability says no more than none, low, or enough", () => {
    expect(availabilityOf(0, 0)).toBe("OUT_OF_STOCK")
    expect(availabilityOf(1, 0)).toBe("IN_STOCK")
    expect(availabilityOf(9, 10)).toBe("LOW")
    expect(availabilityOf(10, 10)).toBe("IN_STOCK")
  })
})

describe("what somebody typed", () => {
  test("becomes quoted prefixes that must all occur, and nothing of it is syntax", () => {
    expect(searchExpression(`  Organic tom*`)).toBe(`{sku name description category} : ("Organic" * AND "tom" *)`)
    expect(searchExpression(`a" OR org:"b`)).toBe(`{sku name description category} : ("a" * AND "OR" * AND "org" * AND "b" *)`)
    expect(searchExpression(`"' -*():^{}+.,`)).toBeUndefined()
    expect(searchExpression("")).toBeUndefined()
  })

  const shape = /^\{sku name description category\} : \("[\p{L}\p{N}]+" \*(?: AND "[\p{L}\p{N}]+" \*)*\)$/u
  const typed = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .array(
        fc.constantFrom('"', "'", "*", "(", ")", ":", "^", "AND", "OR", "NOT", "NEAR", "org", "{", "}", "-", "+", " ", "tom", "é", "日本"),
        { maxLength: 20 },
      )
      .map((parts) => parts.join("")),
  )

  test("INV-CAT-2: whatever it was, at most eight quoted runs of letters and digits come out", () => {
    fc.assert(
      fc.property(typed, (text) => {
        const expression = searchExpression(text)
        if (expression === undefined) return
        expect(expression).toMatch(shape)
        expect(expression.split(" AND ").length).toBeLessThanOrEqual(limits.searchTermsMax)
      }),
      { numRuns: 1_000 },
    )
  })

  test("INV-CAT-2: the real index takes every one of them without a syntax error", async () => {
    const expressions = fc.sample(typed, { numRuns: 400, seed: 20_261_121 }).flatMap((text) => searchExpression(text) ?? [])
    expect(expressions.length).toBeGreaterThan(100)
    const statement = env.DB.prepare("select count(*) as n from products_fts where products_fts match 'org : (\"x\") AND ' || ?")
    for (let start = 0; start < expressions.length; start += 50) {
      const results = await env.DB.batch<{ n: number }>(
        expressions.slice(start, start + 50).map((expression) => statement.bind(expression)),
      )
      for (const { results: rows } of results) expect(rows).toEqual([{ n: 0 }])
    }
  })
})
