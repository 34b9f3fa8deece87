import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Gs1Facts, gtin14, isGtin, parseElementStrings } from "../../src/kernel/gs1.ts"

const now = Date.parse("2026-11-21T12:00:00Z")
const read = (text: string, at = now) => {
  const result = parseElementStrings(text, at)
  return result.ok ? result.value : result.error
}

const gtins = fc.stringMatching(/^\d{13}$/).map((body) => {
  const sum = Array.from(body, Number).reduce((total, digit, index) => total + digit * (index % 2 === 0 ? 3 : 1), 0)
  return `${body}${(10 - (sum % 10)) % 10}`
})
const texts = fc.stringMatching(/^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/)
/** As printed, an identifier within a text cannot be told from one. */
const printedTexts = texts.filter((text) => !text.includes("("))
const days = fc.integer({ min: Date.UTC(1977, 0, 1), max: Date.UTC(2076, 11, 31) }).map((at) => new Date(at).toISOString().slice(0, 10))

const factsOf = (text: fc.Arbitrary<string>): fc.Arbitrary<Gs1Facts> =>
  fc.record({ gtin: gtins, lotNumber: text, expiresOn: days, serial: text }, { requiredKeys: ["gtin"] })

const elementsOf = ({ gtin, lotNumber, expiresOn, serial }: Gs1Facts) =>
  [
    ["01", gtin],
    ["17", expiresOn?.replaceAll("-", "").slice(2)],
    ["10", lotNumber],
    ["21", serial],
  ].flatMap(([ai, value]) => (ai === undefined || value === undefined ? [] : [{ ai, value }]))

/** What a scanner sends: FNC1 after what has no length of its own, but at the end. */
const scanned = (elements: ReadonlyArray<{ ai: string; value: string }>): string =>
  elements
    .map(({ ai, value }, index) => `${ai}${value}${["10", "21"].includes(ai) && index < elements.length - 1 ? "\u001d" : ""}`)
    .join("")
const printed = (elements: ReadonlyArray<{ ai: string; value: string }>): string =>
  elements.map(({ ai, value }) => `(${ai})${value}`).join("")

describe("element strings", () => {
  test("read back to what was written, scanned, in whatever order", () => {
    fc.assert(
      fc.property(factsOf(texts), fc.constantFrom("", "]d2", "]C1", "\u001d"), fc.infiniteStream(fc.nat()), (facts, before, shuffle) => {
        const elements = elementsOf(facts)
          .map((element) => ({ element, sortsAt: shuffle.next().value }))
          .sort((a, b) => a.sortsAt - b.sortsAt)
          .map(({ element }) => element)
        expect(read(before + scanned(elements))).toEqual(facts)
      }),
    )
  })

  test("read back to what was written, as printed, with other identifiers between", () => {
    fc.assert(
      fc.property(factsOf(printedTexts), fc.boolean(), (facts, withMore) => {
        const elements = elementsOf(facts)
        const [first, ...rest] = elements
        const more = [
          { ai: "3103", value: "001250" },
          { ai: "240", value: "A7" },
        ]
        expect(read(printed(withMore && first !== undefined ? [first, ...more, ...rest] : elements))).toEqual(facts)
      }),
    )
  })

  test("never throw, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[()0-9\u001dA-Z]{0,60}$/)), (text) => {
        expect(typeof parseElementStrings(text, now).ok).toBe("boolean")
      }),
    )
  })

  test.each([
    ["01040063813339311727013110L-7\u001d21S1", { gtin: "04006381333931", expiresOn: "2027-01-31", lotNumber: "L-7", serial: "S1" }],
    ["(01)04006381333931(17)280200(10)L-7", { gtin: "04006381333931", expiresOn: "2028-02-29", lotNumber: "L-7" }],
    ["17270200", { expiresOn: "2027-02-28" }],
    // Section 7.12: of 2026, 76 is ahead by fifty and 77 back by forty-nine.
    ["17760101", { expiresOn: "2076-01-01" }],
    ["17770101", { expiresOn: "1977-01-01" }],
    ["310300125010L-7", { lotNumber: "L-7" }],
    ["240SKU\u001d241A\u001d10L-7", { lotNumber: "L-7" }],
    ["3103001250310200125010L-7", { lotNumber: "L-7" }],
    ["10L-7\u001d10L-7", { lotNumber: "L-7" }],
  ])("%j says %j", (text, facts) => expect(read(text)).toEqual(facts))

  test("count centuries from the day they are read", () => {
    expect(read("17100101", Date.parse("2070-01-01T00:00:00Z"))).toEqual({ expiresOn: "2110-01-01" })
    expect(read("17990101", Date.parse("2040-01-01T00:00:00Z"))).toEqual({ expiresOn: "1999-01-01" })
  })

  test.each([
    ["", "NOT_GS1"],
    ["hello", "NOT_GS1"],
    ["(01)", "CUT_SHORT"],
    ["(x1)04006381333931", "NOT_GS1"],
    ["0104006381", "CUT_SHORT"],
    ["(01)4006381333931", "CUT_SHORT"],
    ["0104006381333932", "CHECK_DIGIT"],
    ["17271301", "NO_DATE"],
    ["17270230", "NO_DATE"],
    ["17270000", "NO_DATE"],
    ["10", "CUT_SHORT"],
    [`10${"X".repeat(21)}`, "NO_SUCH_TEXT"],
    ["10Lö7", "NO_SUCH_TEXT"],
    ["10L-7\u001d10L-8", "REPEATED"],
  ])("%j is refused as %s", (text, fault) => expect(read(text)).toBe(fault))
})

describe("GTINs", () => {
  test.each(["96385074", "036000291452", "4006381333931", "04006381333931", "10614141000415"])("%s is one", (gtin) =>
    expect(isGtin(gtin)).toBe(true),
  )
  test.each(["96385075", "4006381333932", "400638133393", "", "40063813339AB", "104006381333931"])("%j is none", (text) =>
    expect(isGtin(text)).toBe(false),
  )
  test("of any length are one set of numbers", () => expect(gtin14("4006381333931")).toBe(gtin14("04006381333931")))
  test("with one digit changed are none", () => {
    fc.assert(
      fc.property(gtins, fc.nat(13), fc.integer({ min: 1, max: 9 }), (gtin, at, by) => {
        const digit = (Number(gtin[at]) + by) % 10
        expect(isGtin(`${gtin.slice(0, at)}${digit}${gtin.slice(at + 1)}`)).toBe(false)
      }),
    )
  })
})
