import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { idFloor, idPrefixes, isId, mintId, newId, newRoutingNumber, routingBits, routingOf } from "../../src/kernel/ids.ts"

const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const random = fc.uint8Array({ minLength: 10, maxLength: 10 })
const routing = fc.integer({ min: 0, max: 2 ** routingBits - 1 })
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

describe("ids", () => {
  test("an id sorts by its instant, whatever its randomness and routing", () => {
    fc.assert(
      fc.property(instant, instant, random, random, routing, routing, (a, b, x, y, r, s) => {
        fc.pre(a !== b)
        expect(Math.sign(compare(mintId("ord", { at: a, random: x, routing: r }), mintId("ord", { at: b, random: y, routing: s })))).toBe(
          Math.sign(a - b),
        )
      }),
    )
  })

  test("ids of one millisecond sort by their sequence", () => {
    fc.assert(
      fc.property(instant, random, random, fc.integer({ min: 0, max: 4_094 }), (at, x, y, sequence) => {
        expect(compare(mintId("mov", { at, random: x, sequence }), mintId("mov", { at, random: y, sequence: sequence + 1 }))).toBe(-1)
      }),
    )
  })

  test("an id alone tells the routing number it was minted with", () => {
    fc.assert(
      fc.property(instant, random, routing, fc.option(fc.nat(), { nil: undefined }), (at, bytes, number, sequence) => {
        const id = mintId("lnk", { at, random: bytes, routing: number, ...(sequence === undefined ? {} : { sequence }) })
        expect(routingOf(id)).toBe(number)
        expect(isId("lnk", id)).toBe(true)
        expect(isId("ord", id)).toBe(false)
      }),
    )
    const number = newRoutingNumber()
    expect(routingOf(newId("org", Date.now(), number))).toBe(number)
  })

  test("everything minted at or after an instant is at or above its floor, and nothing before it is", () => {
    fc.assert(
      fc.property(instant, instant, random, routing, (floor, at, bytes, number) => {
        expect(mintId("ord", { at, random: bytes, routing: number }) >= idFloor("ord", floor)).toBe(at >= floor)
      }),
    )
  })

  test("text that was not minted is not an id", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isId("org", text)).toBe(false)
      }),
    )
    const id = newId("org", Date.now())
    for (const wrong of [
      id.toUpperCase(),
      `${id}0`,
      id.slice(0, -1),
      id.replace("org_", "org"),
      `org_${"8".padEnd(26, "0")}`,
      `${id}\n`,
      `org_${"i".repeat(26)}`,
    ]) {
      expect(isId("org", wrong), wrong).toBe(false)
    }
  })

  test("prefixes are three letters and each kind has its own", () => {
    const prefixes = Object.values(idPrefixes)
    expect(new Set(prefixes).size).toBe(prefixes.length)
    for (const prefix of prefixes) expect(prefix).toMatch(/^[a-z]{3}$/)
  })
})
