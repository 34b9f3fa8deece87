import { describe, expect, test } from "vitest"
import { isSlug, isTimeZone, kybFlow, mayRelaxKyb, organizationFlow, slugOf } from "../../../src/domains/organizations/rules.ts"
import { reachable } from "../../../src/kernel/flow.ts"

describe("flows", () => {
  test("every state can be reached and left", () => {
    expect([...reachable(kybFlow, "UNVERIFIED")].sort()).toEqual(Object.keys(kybFlow).sort())
    expect([...reachable(organizationFlow, "ACTIVE")].sort()).toEqual(Object.keys(organizationFlow).sort())
  })
})

describe("slugs", () => {
  test.each([
    ["Green Valley Farms", "green-valley-farms"],
    ["  Äpfel & Söhne  ", "apfel-sohne"],
    ["Зерно", undefined],
    ["API", undefined],
    ["x".repeat(80), "x".repeat(50)],
  ])("%s gives %s", (name, slug) => expect(slugOf(name)).toBe(slug))

  test.each(["a", "-ab", "ab-", "a_b", "API", "www", "a".repeat(64), ""])("%j is none", (text) => expect(isSlug(text)).toBe(false))
})

test("time zones are those of the IANA database", () => {
  for (const zone of ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]) expect([zone, isTimeZone(zone)]).toEqual([zone, true])
  for (const zone of ["", "Mars/Olympus", "+02:00", "CEST?"]) expect([zone, isTimeZone(zone)]).toEqual([zone, false])
})

test("INV-ORG-3: an organization does not waive its own verification where the platform asks for it", () => {
  expect(mayRelaxKyb(false, true, false)).toBe(false)
  expect(mayRelaxKyb(false, true, true)).toBe(true)
  expect(mayRelaxKyb(false, false, false)).toBe(true)
  expect(mayRelaxKyb(true, true, false)).toBe(true)
  expect(mayRelaxKyb(undefined, true, false)).toBe(true)
})
