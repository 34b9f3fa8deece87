import { expect } from "vitest"
import { type Flow, isTerminal, reachable } from "../../src/kernel/flow.ts"

/** What holds of every state machine: each state can be reached, and only the named ones are ends. */
export function expectSound<S extends string>(flow: Flow<S>, start: S, terminal: readonly S[]): void {
  const states = Object.keys(flow) as S[]
  expect([...reachable(flow, start)].sort()).toEqual([...states].sort())
  expect(states.filter((state) => isTerminal(flow, state)).sort()).toEqual([...terminal].sort())
  for (const [state, moves] of Object.entries(flow) as Array<[S, readonly S[]]>) {
    expect(moves, `${state} does not move to itself`).not.toContain(state)
    expect(new Set(moves).size).toBe(moves.length)
  }
}
