import { expect, test } from "vitest"
import { isSellableFrom, type Location, locationKinds, transitCode, whyNotArchived } from "../../../src/domains/warehouses/rules.ts"

const place = (changes: Partial<Location> = {}): Location => ({
  id: "whs_1",
  code: "NORTH",
  name: "North",
  kind: "WAREHOUSE",
  address: null,
  capacityMilli: null,
  operator: null,
  operators: [],
  isDefault: false,
  archivedAt: null,
  createdAt: 0,
  updatedAt: 0,
  version: 1,
  seq: 1,
  ...changes,
})

test("INV-WHS-1: orders are filled from every kind of place but quarantine and goods on their way", () => {
  expect(locationKinds.filter((kind) => !isSellableFrom(kind))).toEqual(["QUARANTINE", "IN_TRANSIT"])
})

test("INV-WHS-2: a place goes only while it is empty, expects nothing and is not one that the ledger itself needs", () => {
  const empty = { onHandMilli: 0, incomingMilli: 0, hasUnits: false }
  expect(whyNotArchived(place(), empty)).toBeUndefined()
  expect(whyNotArchived(place({ kind: "QUARANTINE" }), empty)).toBeUndefined()
  expect(whyNotArchived(place(), { ...empty, onHandMilli: 1, hasUnits: false })).toBe("NOT_EMPTY")
  expect(whyNotArchived(place(), { ...empty, incomingMilli: 1, hasUnits: false })).toBe("NOT_EMPTY")
  expect(whyNotArchived(place({ isDefault: true }), empty)).toBe("DEFAULT")
  expect(whyNotArchived(place({ code: transitCode, kind: "IN_TRANSIT" }), empty)).toBe("TRANSIT")
})
