import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { expiryCheckAt, inOrderOfSale, isSellable, lotFlow, lotStatuses, type SaleCell } from "../../../src/domains/lots/rules.ts"
import { locationKinds } from "../../../src/domains/warehouses/rules.ts"
import { day, hour } from "../../../src/kernel/time.ts"
import { addDays, dateIn } from "../../../src/kernel/zoned-time.ts"

const today = "2030-05-10"
const zones = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]

const cell = (changes: Partial<SaleCell> = {}): SaleCell => ({
  productId: "prd_1",
  locationId: "whs_1",
  lotId: "lot_1",
  freeMilli: 1_000,
  locationKind: "WAREHOUSE",
  isDefaultLocation: false,
  lotStatus: "ACTIVE",
  expiresOn: null,
  receivedAt: 1,
  ...changes,
})

const date = fc.integer({ min: 0, max: 40_000 }).map((days) => new Date(days * day).toISOString().slice(0, 10))

describe("a calendar day some days later", () => {
  test("knows months, leap years and centuries", () => {
    expect(addDays("2027-02-28", 1)).toBe("2027-03-01")
    expect(addDays("2028-02-28", 1)).toBe("2028-02-29")
    expect(addDays("2100-02-28", 1)).toBe("2100-03-01")
    expect(addDays("2027-12-31", 1)).toBe("2028-01-01")
    expect(addDays("2027-03-01", -1)).toBe("2027-02-28")
  })

  test("adds up, goes back, and sorts as days do", () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -3_650, max: 3_650 }), fc.nat(3_650), (from, some, more) => {
        expect(addDays(addDays(from, some), more)).toBe(addDays(from, some + more))
        expect(addDays(addDays(from, some), -some)).toBe(from)
        expect(addDays(from, more) >= from).toBe(true)
      }),
    )
  })
})

describe("INV-LOT-2: what may be sold", () => {
  test("is what is in an active lot or none, at a place that sells", () => {
    for (const locationKind of locationKinds) {
      for (const lotStatus of [null, ...lotStatuses]) {
        const isFit = !["QUARANTINE", "IN_TRANSIT"].includes(locationKind) && [null, "ACTIVE"].includes(lotStatus)
        expect(isSellable(cell({ locationKind, lotStatus }), today, 0), `${locationKind} ${lotStatus}`).toBe(isFit)
      }
    }
  })

  test("is so on its last day, and not the day after; a buyer may ask for more days", () => {
    expect(isSellable(cell({ expiresOn: today }), today, 0)).toBe(true)
    expect(isSellable(cell({ expiresOn: today }), addDays(today, 1), 0)).toBe(false)
    expect(isSellable(cell({ expiresOn: addDays(today, 30) }), today, 30)).toBe(true)
    expect(isSellable(cell({ expiresOn: addDays(today, 29) }), today, 30)).toBe(false)
    expect(isSellable(cell({ expiresOn: null }), today, 3_650)).toBe(true)
  })
})

describe("INV-LOT-3: first expired, first out", () => {
  const cells = fc.uniqueArray(
    fc.record({
      productId: fc.constant("prd_1" as const),
      locationId: fc.nat(3).map((n) => `whs_${n}` as const),
      lotId: fc.nat(5).map((n) => (n === 0 ? ("" as const) : (`lot_${n}` as const))),
      freeMilli: fc.integer({ min: -1, max: 3 }),
      locationKind: fc.constantFrom(...locationKinds),
      isDefaultLocation: fc.boolean(),
      lotStatus: fc.constantFrom(null, ...lotStatuses),
      expiresOn: fc.option(
        fc.integer({ min: -3, max: 5 }).map((days) => addDays(today, days)),
        { nil: null },
      ),
      receivedAt: fc.option(fc.nat(3_000_000_000_000), { nil: null }),
    }),
    { selector: ({ locationId, lotId }) => `${locationId} ${lotId}`, maxLength: 12 },
  )

  test("it holds all that may be sold and nothing else, in one order whatever order it came in", () => {
    fc.assert(
      fc.property(cells, fc.nat(3), fc.func(fc.nat()), (given, shelfDays, shuffle) => {
        const sorted = inOrderOfSale(given, today, shelfDays)
        expect(new Set(sorted)).toEqual(new Set(given.filter((one) => one.freeMilli > 0 && isSellable(one, today, shelfDays))))
        const shuffled = given.map((one, index) => ({ one, at: shuffle(index) })).sort((a, b) => a.at - b.at)
        expect(
          inOrderOfSale(
            shuffled.map(({ one }) => one),
            today,
            shelfDays,
          ),
        ).toEqual(sorted)
        for (const [index, next] of sorted.entries()) {
          const before = sorted[index - 1]
          if (before === undefined) continue
          expect((before.expiresOn ?? "9999") <= (next.expiresOn ?? "9999")).toBe(true)
          if (before.expiresOn !== next.expiresOn) continue
          expect(before.receivedAt ?? 0).toBeLessThanOrEqual(next.receivedAt ?? 0)
          if ((before.receivedAt ?? 0) === (next.receivedAt ?? 0))
            expect(Number(before.isDefaultLocation)).toBeGreaterThanOrEqual(Number(next.isDefaultLocation))
        }
      }),
    )
  })
})

describe("when a lot's last day may be over", () => {
  test("it is looked at before it is over anywhere, and at most 26 hours before it is over everywhere", () => {
    fc.assert(
      fc.property(date, fc.constantFrom(...zones), (expiresOn, zone) => {
        const at = expiryCheckAt(expiresOn)
        expect(dateIn(at - 1, zone) <= expiresOn).toBe(true)
        expect(dateIn(at + 26 * hour, zone) > expiresOn).toBe(true)
      }),
    )
    expect(dateIn(expiryCheckAt(today), "Pacific/Kiritimati")).toBe(addDays(today, 1))
  })
})

test("INV-LOT-1: a recall is for good, and can come at any time before it", () => {
  expect(lotFlow.RECALLED).toEqual([])
  for (const status of ["ACTIVE", "QUARANTINED"] as const) expect(lotFlow[status]).toContain("RECALLED")
})
