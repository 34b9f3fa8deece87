import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { judgeRequest, linkFlow, linkMovesOf, linkStatuses } from "../../../src/domains/partners/rules.ts"
import { expectSound } from "../../support/flows.ts"

describe("the link's flow", () => {
  test("INV-LNK-1: every state can be reached from PENDING, and none is an end: a new request or a change of mind revives it", () => {
    expectSound(linkFlow, "PENDING", [])
  })

  test("INV-LNK-2: the supplier decides, the buyer withdraws, and either ends an approved link", () => {
    const movesOf = (side: "supplier" | "buyer") => Object.fromEntries(linkStatuses.map((status) => [status, linkMovesOf(status, side)]))
    expect(movesOf("supplier")).toEqual({
      PENDING: ["APPROVED", "REJECTED", "BLOCKED"],
      APPROVED: ["BLOCKED", "REMOVED"],
      REJECTED: [],
      BLOCKED: ["APPROVED"],
      REMOVED: [],
    })
    expect(movesOf("buyer")).toEqual({ PENDING: ["REMOVED"], APPROVED: ["REMOVED"], REJECTED: [], BLOCKED: [], REMOVED: [] })
  })
})

describe("a new request", () => {
  const decidedAt = 1_000_000
  const judge = (status: (typeof linkStatuses)[number], now = decidedAt, coolDownMs = 0) =>
    judgeRequest({ status, decidedAt }, now, coolDownMs)

  test("makes a link where there is none, and revives one that was turned down or removed", () => {
    expect(judgeRequest(undefined, 0, 0)).toBe("CREATE")
    expect(judge("REJECTED")).toBe("REVIVE")
    expect(judge("REMOVED")).toBe("REVIVE")
  })

  test("is refused while a link stands or is asked for, and by one that is blocked", () => {
    expect(judge("PENDING")).toBe("LINK_EXISTS")
    expect(judge("APPROVED")).toBe("LINK_EXISTS")
    expect(judge("BLOCKED")).toBe("LINK_BLOCKED")
  })

  test("waits for the cool-down to the millisecond, and a link that nobody decided has none", () => {
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.nat(10 ** 9), (coolDown, waited) => {
        expect(judge("REJECTED", decidedAt + waited, coolDown)).toBe(waited < coolDown ? "LINK_COOLING_DOWN" : "REVIVE")
        expect(judgeRequest({ status: "REMOVED", decidedAt: null }, decidedAt, 0)).toBe("REVIVE")
      }),
    )
  })
})
