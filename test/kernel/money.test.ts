import { env } from "cloudflare:workers"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { minorScaleSql } from "../../src/domains/catalog/store.ts"
import { limits } from "../../src/kernel/limits.ts"
import { currencies, formatDecimal, formatMoney, lineTotal, minorDigits, parseDecimal, parseMoney } from "../../src/kernel/money.ts"

const minor = fc.integer({ min: 0, max: limits.moneyMinorMax })
const currency = fc.constantFrom("USD", "EUR", "JPY", "KWD", "CLP", "TND")

describe("money", () => {
  test("what is written reads back as the same amount, as a string and as a JSON number", () => {
    fc.assert(
      fc.property(minor, currency, (amount, code) => {
        const text = formatMoney(amount, code)
        expect(parseMoney(text, code)).toEqual({ ok: true, value: amount })
        expect(parseMoney(Number(text), code)).toEqual({ ok: true, value: amount })
      }),
    )
  })

  test("any decimal reads back, whatever its scale and sign", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 6 }), (scaled, digits) => {
        expect(parseDecimal(formatDecimal(scaled, digits), digits)).toEqual({ ok: true, value: Object.is(scaled, -0) ? 0 : scaled })
      }),
    )
  })

  test("one digit too many is refused, never rounded; trailing zeros are not digits", () => {
    expect(parseMoney("5.999", "USD")).toEqual({ ok: false, error: "TOO_PRECISE" })
    expect(parseMoney("5.990", "USD")).toEqual({ ok: true, value: 599 })
    expect(parseMoney("5.5", "JPY")).toEqual({ ok: false, error: "TOO_PRECISE" })
    expect(parseMoney(0.1 + 0.2, "USD")).toEqual({ ok: false, error: "NOT_A_DECIMAL" })
    expect(parseMoney(1.005, "USD")).toEqual({ ok: false, error: "TOO_PRECISE" })
  })

  test("what is no decimal, negative or beyond the limit is refused by name", () => {
    for (const text of ["", " 1", "1e3", "0x10", "1,5", "١", "1.", ".5", "--1", "NaN", "Infinity", "12345678901234567"]) {
      expect(parseMoney(text, "USD"), text).toEqual({ ok: false, error: "NOT_A_DECIMAL" })
    }
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY, 1e-7, 1e21])
      expect(parseMoney(number, "USD")).toEqual({ ok: false, error: "NOT_A_DECIMAL" })
    expect(parseMoney("-0.01", "USD")).toEqual({ ok: false, error: "NEGATIVE" })
    expect(parseMoney("-0.00", "USD")).toEqual({ ok: true, value: 0 })
    expect(parseMoney("10000000000.01", "USD")).toEqual({ ok: false, error: "TOO_LARGE" })
    expect(parseMoney("9999999999999999.99", "USD")).toEqual({ ok: false, error: "TOO_LARGE" })
  })

  test("arbitrary text never throws and never reads as anything but an amount in range", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double()), currency, (value, code) => {
        const parsed = parseMoney(value, code)
        if (parsed.ok) expect(Number.isSafeInteger(parsed.value) && parsed.value >= 0 && parsed.value <= limits.moneyMinorMax).toBe(true)
      }),
    )
  })

  test("a line's total is the exact product, rounded half up", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 10 ** 9 }), (price, quantityMilli) => {
        const exact = BigInt(price) * BigInt(quantityMilli)
        const [whole, thousandths] = [exact / 1000n, exact % 1000n]
        expect(BigInt(lineTotal(price, quantityMilli))).toBe(thousandths >= 500n ? whole + 1n : whole)
      }),
    )
    expect(lineTotal(1, 500)).toBe(1)
    expect(lineTotal(1, 499)).toBe(0)
    expect(lineTotal(333, 1_500)).toBe(500)
  })

  test("the catalog's SQL scales every currency's price by the digits it was written with", async () => {
    const codes = currencies
    const { results } = await env.DB.prepare(
      `select value as currency, ${minorScaleSql().replaceAll("currency in", "value in")} as scale from json_each(?)`,
    )
      .bind(JSON.stringify(codes))
      .all<{ currency: string; scale: number }>()
    expect(results).toEqual(codes.map((code) => ({ currency: code, scale: 10 ** minorDigits(code) })))
    expect(codes.filter((code) => minorDigits(code) === 0)).toContain("JPY")
    expect(codes.filter((code) => minorDigits(code) === 3)).toContain("KWD")
  })
})
