import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { isOnStep, parseQuantity, quantityNumber } from "../../src/kernel/quantity.ts"

const milli = fc.integer({ min: -limits.quantityMilliMax, max: limits.quantityMilliMax })

describe("quantities", () => {
  test("what goes out as a JSON number comes back as the same thousandths", () => {
    fc.assert(
      fc.property(milli, (quantity) => {
        expect(parseQuantity(quantityNumber(quantity))).toEqual({ ok: true, value: Object.is(quantity, -0) ? 0 : quantity })
        expect(parseQuantity(JSON.parse(JSON.stringify(quantityNumber(quantity))) as number)).toEqual(
          parseQuantity(String(quantityNumber(quantity))),
        )
      }),
    )
  })

  test("a fourth decimal place and more than a billion units are refused", () => {
    expect(parseQuantity("1.0005")).toEqual({ ok: false, error: "TOO_PRECISE" })
    expect(parseQuantity("1.0050")).toEqual({ ok: true, value: 1_005 })
    expect(parseQuantity(1_000_000_000)).toEqual({ ok: true, value: limits.quantityMilliMax })
    expect(parseQuantity("1000000000.001")).toEqual({ ok: false, error: "TOO_LARGE" })
    expect(parseQuantity("a kilo")).toEqual({ ok: false, error: "NOT_A_DECIMAL" })
  })

  test("a multiple of the step is on it, and what lies between is not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 6 }), fc.integer({ min: 0, max: 10 ** 5 }), fc.nat(), (step, times, rest) => {
        const off = rest % step
        expect(isOnStep(step * times + off, step)).toBe(off === 0)
      }),
    )
  })
})
