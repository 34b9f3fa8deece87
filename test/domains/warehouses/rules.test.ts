import { describe, expect, test } from "vitest"
import {
  fixedTerms,
  isSellableFrom,
  isTransit,
  type Location,
  locationKinds,
  operatorsAfter,
  transitCode,
  whyNotArchived,
} from "../../../src/domains/warehouses/rules.ts"
import { newId } from "../../../src/kernel/ids.ts"

const place = (changes: Partial<Location> = {}): Location => ({
  id: newId("whs", 1),
  code: "HAM-1",
  name: "Hamburg",
  kind: "WAREHOUSE",
  address: null,
  capacityMilli: null,
  operator: null,
  operators: [],
  isDefault: false,
  archivedAt: null,
  createdAt: 1,
  updatedAt: 1,
  version: 1,
  seq: 1,
  ...changes,
})

const organization = (name: string) => ({ id: newId("org", 1), name })

describe("a place", () => {
  test("INV-WHS-1: fills orders whatever its kind, but for quarantine and goods on their way", () => {
    expect(locationKinds.filter((kind) => !isSellableFrom(kind))).toEqual(["QUARANTINE", "IN_TRANSIT"])
  })

  test("INV-WHS-2: is archived only while it is empty, expects nothing, and nothing falls back on it", () => {
    const empty = { onHandMilli: 0, incomingMilli: 0, hasUnits: false }
    expect(whyNotArchived(place(), empty)).toBeUndefined()
    expect(whyNotArchived(place({ kind: "QUARANTINE" }), empty)).toBeUndefined()
    expect(whyNotArchived(place(), { ...empty, onHandMilli: 1 })).toBe("NOT_EMPTY")
    expect(whyNotArchived(place(), { ...empty, incomingMilli: 1 })).toBe("NOT_EMPTY")
    expect(whyNotArchived(place(), { ...empty, hasUnits: true })).toBe("NOT_EMPTY")
    expect(whyNotArchived(place({ isDefault: true }), empty)).toBe("DEFAULT")
    expect(whyNotArchived(place({ code: transitCode, kind: "IN_TRANSIT" }), empty)).toBe("TRANSIT")
  })

  test("INV-WHS-3: that the ledger falls back on keeps what makes it so", () => {
    const [common, standard, transit] = [place(), place({ isDefault: true }), place({ code: transitCode, kind: "IN_TRANSIT" })]
    expect(fixedTerms(common, { ...common, code: "X", kind: "QUARANTINE" })).toEqual([])
    expect(fixedTerms(standard, { ...standard, code: "X", kind: "STORE", operator: organization("Partner") })).toEqual([])
    expect(fixedTerms(standard, { ...standard, kind: "QUARANTINE" })).toEqual(["kind"])
    expect(fixedTerms(transit, { ...transit, name: "On the road" })).toEqual([])
    expect(fixedTerms(transit, { ...transit, code: "X", kind: "STORE", operator: organization("Partner") })).toEqual([
      "code",
      "kind",
      "operator_id",
    ])
    expect([transit, place({ kind: "IN_TRANSIT" })].map(isTransit)).toEqual([true, false])
  })

  test("INV-WHS-4: has one operator at a time and forgets none", () => {
    const [one, two] = [organization("One"), organization("Two")]
    const first = operatorsAfter([], one, 2) ?? []
    expect(first).toEqual([{ ...one, isCurrent: true }])
    const second = operatorsAfter(first, two, 2) ?? []
    expect(second).toEqual([
      { ...one, isCurrent: false },
      { ...two, isCurrent: true },
    ])
    expect(operatorsAfter(second, null, 2)).toEqual(second.map((operator) => ({ ...operator, isCurrent: false })))
    expect(operatorsAfter(second, one, 2)?.filter(({ isCurrent }) => isCurrent)).toEqual([{ ...one, isCurrent: true }])
    expect(operatorsAfter(second, organization("Three"), 2)).toBeUndefined()
  })
})
