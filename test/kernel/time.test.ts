import fc from "fast-check"
import { expect, test } from "vitest"
import { day, formatInstant, formatInstantOrNull, hour } from "../../src/kernel/time.ts"
import { dateIn } from "../../src/kernel/zoned-time.ts"

test("a day begins when it does in its zone, summer and winter", () => {
  const at = (text: string, zone: string) => dateIn(Date.parse(text), zone)
  expect(at("2026-11-21T23:59:59.999Z", "UTC")).toBe("2026-11-21")
  expect(at("2026-11-22T00:00:00Z", "UTC")).toBe("2026-11-22")
  expect(at("2026-11-21T09:59:59.999Z", "Pacific/Kiritimati")).toBe("2026-11-21")
  expect(at("2026-11-21T10:00:00Z", "Pacific/Kiritimati")).toBe("2026-11-22")
  expect(at("2026-11-21T10:59:59.999Z", "Pacific/Pago_Pago")).toBe("2026-11-20")
  expect(at("2026-11-21T18:30:00Z", "Asia/Kolkata")).toBe("2026-11-22")
  expect(at("2026-01-10T22:30:00Z", "Europe/Berlin")).toBe("2026-01-10")
  expect(at("2026-07-10T22:30:00Z", "Europe/Berlin")).toBe("2026-07-11")
})

test("days are written as ISO 8601 does, follow one another, and are UTC's own there", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.constantFrom("UTC", "America/New_York", "Asia/Tokyo"), (at, zone) => {
      expect(dateIn(at, zone)).toMatch(/^\d{4}-\d{2}-\d{2}$/)
      expect(dateIn(at + hour, zone) >= dateIn(at, zone)).toBe(true)
      expect(dateIn(at + day + 2 * hour, zone) > dateIn(at, zone)).toBe(true)
      expect(dateIn(at, "UTC")).toBe(formatInstant(at).slice(0, 10))
    }),
  )
})

test("an instant goes out in UTC with milliseconds, and none as null", () => {
  expect(formatInstant(0)).toBe("1970-01-01T00:00:00.000Z")
  expect(formatInstantOrNull(null)).toBeNull()
  expect(formatInstantOrNull(1)).toBe("1970-01-01T00:00:00.001Z")
})
