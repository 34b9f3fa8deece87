import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type DeliveryTerms, deliveryDate, earliestDelivery } from "../../src/kernel/delivery.ts"
import { day, minute, second } from "../../src/kernel/time.ts"
import { addDays, dateIn, instantOf, weekdayOf, weekdays } from "../../src/kernel/zoned-time.ts"

const terms = (changes: Partial<DeliveryTerms> = {}): DeliveryTerms => ({
  deliveryDays: [],
  orderCutOff: null,
  leadTimeDays: null,
  ...changes,
})

/** Whole and half hours, changes of clocks in both hemispheres, at midnight, by half an hour, and none at all. */
const zones = [
  "UTC",
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/Havana",
  "America/Santiago",
  "America/Nuuk",
  "America/St_Johns",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Asia/Beirut",
  "Africa/Cairo",
  "Africa/Casablanca",
  "Australia/Adelaide",
  "Australia/Lord_Howe",
  "Pacific/Chatham",
  "Pacific/Kiritimati",
  "Pacific/Pago_Pago",
]
const zone = fc.constantFrom(...zones)
const instant = fc
  .integer({ min: Date.parse("2024-01-01T00:00Z") / second, max: Date.parse("2037-12-31T00:00Z") / second })
  .map((at) => at * second)
const time = fc.integer({ min: 0, max: 24 * 60 - 1 }).map((of) => new Date(of * minute).toISOString().slice(11, 16))
const anyTerms = fc.record({
  deliveryDays: fc.subarray([...weekdays]),
  orderCutOff: fc.option(time),
  leadTimeDays: fc.option(fc.integer({ min: 0, max: 90 })),
})
/** Near a change of clocks, where the mistakes are: the two last Sundays of months, and whatever else. */
const tense = fc.oneof(
  instant,
  fc
    .tuple(
      fc.constantFrom("2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z", "2026-04-04T15:00Z"),
      fc.integer({ min: -240, max: 240 }),
    )
    .map(([at, minutes]) => Date.parse(at) + minutes * minute),
)

describe("a zone's wall clock", () => {
  test.each([
    ["2026-01-31", "09:30", "Europe/Berlin", "2026-01-31T08:30:00.000Z"],
    ["2026-07-31", "09:30", "Europe/Berlin", "2026-07-31T07:30:00.000Z"],
    // Clocks go forward from 02:00 to 03:00: 02:30 is never shown.
    ["2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    // Clocks go back from 03:00 to 02:00: 02:30 is shown twice, and the first counts.
    ["2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
    ["2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30:00.000Z"],
    ["2026-04-05", "01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00.000Z"],
    ["2026-06-01", "00:00", "Pacific/Kiritimati", "2026-05-31T10:00:00.000Z"],
    ["2026-06-01", "00:00", "Asia/Kathmandu", "2026-05-31T18:15:00.000Z"],
  ])("shows %s %s in %s at %s", (date, at, timeZone, expected) => {
    expect(new Date(instantOf(date, at, timeZone)).toISOString()).toBe(expected)
  })

  test("shows a time within a day of where UTC would, at the first instant that it does", () => {
    fc.assert(
      fc.property(tense, time, zone, (near, at, timeZone) => {
        const date = dateIn(near, timeZone)
        const found = instantOf(date, at, timeZone)
        expect(Math.abs(found - Date.parse(`${date}T${at}:00Z`))).toBeLessThan(day)
        // What is shown again an hour or less later was shown before.
        for (const earlier of [30, 60, 120]) expect(shown(found - earlier * minute, timeZone)).not.toBe(`${date} ${at}`)
      }),
      { numRuns: 500 },
    )
  })

  test("counts days without a clock", () => {
    expect(addDays("2026-03-28", 1)).toBe("2026-03-29")
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01")
    expect(addDays("2028-02-28", 1)).toBe("2028-02-29")
    expect(weekdayOf("2026-02-14")).toBe("SATURDAY")
  })
})

/** The zone's own words for an instant, by another road than the code under test takes. */
const shown = (at: number, timeZone: string): string =>
  new Date(at).toLocaleString("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" })

describe("INV-LNK-5: the earliest delivery", () => {
  // A Friday.
  const noon = Date.parse("2026-02-13T12:00Z")
  test.each([
    ["today, where nothing but a day is agreed", terms({ deliveryDays: ["FRIDAY"] }), "2026-02-13"],
    ["after the lead time", terms({ leadTimeDays: 2 }), "2026-02-15"],
    ["a day later after the cut-off", terms({ leadTimeDays: 2, orderCutOff: "12:00" }), "2026-02-16"],
    ["not a day later before it", terms({ leadTimeDays: 2, orderCutOff: "12:01" }), "2026-02-15"],
    ["on the next delivery day", terms({ leadTimeDays: 1, deliveryDays: ["TUESDAY", "FRIDAY"] }), "2026-02-17"],
    ["a week later where the only day is missed", terms({ orderCutOff: "08:00", deliveryDays: ["FRIDAY"] }), "2026-02-20"],
  ])("is %s", (_what, agreed, expected) => {
    expect(earliestDelivery(agreed, noon, "UTC")).toBe(expected)
  })

  test("goes by the supplier's date and clock", () => {
    const agreed = terms({ orderCutOff: "16:00", leadTimeDays: 1 })
    const at = Date.parse("2026-02-13T15:30Z")
    expect(earliestDelivery(agreed, at, "Europe/London")).toBe("2026-02-14")
    expect(earliestDelivery(agreed, at, "Europe/Berlin")).toBe("2026-02-15")
    expect(earliestDelivery(agreed, at, "Pacific/Kiritimati")).toBe("2026-02-15")
  })

  test("of a cut-off in the hour that comes twice: past is past", () => {
    const agreed = terms({ orderCutOff: "02:30" })
    const at = (utc: string) => earliestDelivery(agreed, Date.parse(`2026-10-25T${utc}Z`), "Europe/Berlin")
    expect([at("00:29:59"), at("00:30"), at("01:00"), at("01:29")]).toEqual(["2026-10-25", "2026-10-26", "2026-10-26", "2026-10-26"])
  })

  test("is never earlier for a later order, on a delivery day, and not before the lead time", () => {
    fc.assert(
      fc.property(anyTerms, tense, fc.integer({ min: 0, max: 3 * 24 * 60 }), zone, (agreed, now, later, timeZone) => {
        const earliest = earliestDelivery(agreed, now, timeZone)
        expect(earliestDelivery(agreed, now + later * minute, timeZone) >= earliest).toBe(true)
        const lead = addDays(dateIn(now, timeZone), agreed.leadTimeDays ?? 0)
        expect(earliest >= lead).toBe(true)
        // One day for the cut-off, and at most six to the next delivery day.
        expect(earliest <= addDays(lead, 7)).toBe(true)
        if (agreed.deliveryDays.length > 0) expect(agreed.deliveryDays).toContain(weekdayOf(earliest))
      }),
      { numRuns: 500 },
    )
  })

  test("is what an order gets that asks for none, and what is accepted of those that do", () => {
    fc.assert(
      fc.property(anyTerms, tense, fc.integer({ min: -5, max: 20 }), zone, (agreed, now, days, timeZone) => {
        const isAgreed = agreed.deliveryDays.length > 0 || agreed.orderCutOff !== null || agreed.leadTimeDays !== null
        const earliest = earliestDelivery(agreed, now, timeZone)
        expect(deliveryDate(agreed, null, now, timeZone)).toEqual({ ok: true, value: isAgreed ? earliest : null })
        expect(deliveryDate(agreed, earliest, now, timeZone).ok).toBe(true)
        const asked = addDays(earliest, days)
        const answer = deliveryDate(agreed, asked, now, timeZone)
        if (!isAgreed) expect(answer).toEqual({ ok: true, value: asked })
        else if (asked < earliest) expect(answer).toMatchObject({ ok: false, error: { code: "TOO_EARLY", earliestOn: earliest } })
        else if (agreed.deliveryDays.length > 0 && !agreed.deliveryDays.includes(weekdayOf(asked)))
          expect(answer).toMatchObject({ ok: false, error: { code: "NOT_A_DELIVERY_DAY" } })
        else expect(answer).toEqual({ ok: true, value: asked })
      }),
      { numRuns: 500 },
    )
  })

  test("of no terms is whatever was asked for", () => {
    expect(deliveryDate(null, "1999-01-01", 0, "UTC")).toEqual({ ok: true, value: "1999-01-01" })
    expect(deliveryDate(null, null, 0, "UTC")).toEqual({ ok: true, value: null })
  })
})
