import { expect, test } from "vitest"
import { unitFlow, unitMovesOf, unitStatuses, unitVerbs, unitVerbsFrom } from "../../../src/domains/units/rules.ts"
import { expectSound } from "../../support/flows.ts"

test("a unit's states can all be reached, and none is an end", () => {
  expectSound(unitFlow, "AVAILABLE", [])
})

test("INV-UNT-1: what people may do leads along the flow, from somewhere, and a refusal names no more than that", () => {
  for (const verb of unitVerbs) expect(unitVerbsFrom[verb].length, verb).toBeGreaterThan(0)
  for (const from of unitStatuses) {
    const moves: readonly string[] = unitFlow[from]
    expect(unitMovesOf(from).filter((to) => !moves.includes(to))).toEqual([])
    expect(new Set(unitMovesOf(from)).size).toBe(unitMovesOf(from).length)
  }
  expect(unitMovesOf("SOLD")).toEqual(["RMA"])
  expect(unitMovesOf("IN_TRANSIT")).toEqual(["AVAILABLE", "DAMAGED"])
})
