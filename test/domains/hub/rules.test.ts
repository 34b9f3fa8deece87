import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  composeSku,
  formatUpisH,
  type IdentityNumber,
  identityTypes,
  parseSku,
  parseUpisH,
  signatureText,
} from "../../../src/domains/hub/rules.ts"
import { sha256Hex } from "../../../src/kernel/digest.ts"

const number: fc.Arbitrary<IdentityNumber> = fc
  .record({ familyCode: fc.nat(99_999), type: fc.constantFrom(...identityTypes), lci: fc.integer({ min: 1, max: 99 }) })
  .map(({ familyCode, type, lci }) => ({ familyCode, type, lci: type === "PART" ? lci : null }))

const word = (characters: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from(characters)), minLength, maxLength })
// Few letters, so that what could be taken for something else comes often.
const attributes = fc.record({
  color: fc.option(word("ABKNPRUWY", 2, 2)),
  size: fc.option(fc.oneof(word("BKNPRU", 1, 2), word("ABKNPRUXL0189", 1, 4))),
  condition: fc.option(fc.constantFrom("N" as const, "R" as const, "U" as const)),
})

describe("UPIS-H", () => {
  test.each([
    ["00845", { familyCode: 845, type: "PRODUCT", lci: null }],
    ["00845-B", { familyCode: 845, type: "BUNDLE", lci: null }],
    ["00845-K", { familyCode: 845, type: "KIT", lci: null }],
    ["00845-P-1", { familyCode: 845, type: "PART", lci: 1 }],
    ["00000-P-99", { familyCode: 0, type: "PART", lci: 99 }],
    ["99999", { familyCode: 99_999, type: "PRODUCT", lci: null }],
  ] as const)("%s is written and read", (text, given) => {
    expect(formatUpisH(given)).toBe(text)
    expect(parseUpisH(text)).toEqual(given)
  })

  test("INV-UPI-2: reads back to what it was made from, whatever that is", () => {
    fc.assert(
      fc.property(number, (given) => {
        expect(parseUpisH(formatUpisH(given))).toEqual(given)
      }),
    )
  })

  test.each([
    "",
    "845",
    "008450",
    "0084a",
    "00845-",
    "00845-X",
    "00845-P",
    "00845-P-0",
    "00845-P-01",
    "00845-P-100",
    "00845-B-1",
    "00845-b",
  ])("%j is none", (text) => expect(parseUpisH(text)).toBeUndefined())

  test("INV-UPI-2: the signature is taken over family, type and LCI", async () => {
    const texts = identityTypes.map((type) => signatureText({ familyCode: 845, type, lci: type === "PART" ? 1 : null }))
    expect(texts).toEqual(["00845|Product|", "00845|B|", "00845|K|", "00845|P|1"])
    expect((await sha256Hex("00845|P|1")).slice(0, 8).toUpperCase()).toBe("0D9AC325")
  })
})

describe("a variant's SKU", () => {
  const part: IdentityNumber = { familyCode: 845, type: "PART", lci: 1 }
  const product: IdentityNumber = { familyCode: 845, type: "PRODUCT", lci: null }
  const none = { color: null, size: null, condition: null }

  test.each([
    [part, none, "00845-P-1"],
    [part, { ...none, color: "WY", condition: "N" }, "00845-P-1-WY-N"],
    [product, { color: "WY", size: "XL", condition: "U" }, "00845-WY-XL-U"],
    [product, { ...none, size: "12" }, "00845-12"],
    [product, { ...none, size: "N", condition: "N" }, "00845-N-N"],
    [product, { ...none, color: "WY", size: "B" }, "00845-WY-B"],
    [part, { ...none, size: "B" }, "00845-P-1-B"],
  ] as const)("is UPIS-H, color, size and condition, each where given (%#)", (identity, given, sku) => {
    expect(composeSku(identity, given)).toEqual({ ok: true, value: sku })
    expect(parseSku(sku)).toEqual({ identity, attributes: given })
  })

  test.each([
    [product, { ...none, size: "B" }, "SIZE_READS_AS_TYPE"],
    [product, { ...none, size: "P", condition: "N" }, "SIZE_READS_AS_TYPE"],
    [part, { ...none, size: "XL" }, "SIZE_READS_AS_COLOR"],
    [part, { ...none, size: "XL", condition: "N" }, "SIZE_READS_AS_COLOR"],
    [part, { ...none, size: "N" }, "SIZE_READS_AS_CONDITION"],
    [part, { ...none, color: "WY", size: "U" }, "SIZE_READS_AS_CONDITION"],
  ] as const)("INV-UPI-3: what would read back as something else is refused by its rule (%#)", (identity, given, rule) => {
    expect(composeSku(identity, given)).toEqual({ ok: false, error: rule })
  })

  test("INV-UPI-3: reads back to what it was made from, wherever it is allowed, and few are not", () => {
    fc.assert(
      fc.property(number, attributes, (identity, given) => {
        const sku = composeSku(identity, given)
        if (sku.ok) expect(parseSku(sku.value)).toEqual({ identity, attributes: given })
        else expect(given.size !== null && (given.color === null || given.condition === null)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test("INV-UPI-3: different makings never share an SKU", () => {
    fc.assert(
      fc.property(number, attributes, number, attributes, (identity, given, other, othersGiven) => {
        const [one, two] = [composeSku(identity, given), composeSku(other, othersGiven)]
        if (one.ok && two.ok && one.value === two.value) expect([identity, given]).toEqual([other, othersGiven])
      }),
    )
  })

  test.each(["TOM-001", "00845-WY-N-X", "00845-P-1-WHITE", "00845-P-1-WY-XL-N-U", "00845--N", "00845-wy"])("%j is none", (sku) =>
    expect(parseSku(sku)).toBeUndefined(),
  )
})
