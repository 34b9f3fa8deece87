import { table } from "./report.ts"

/** A number beside what was aimed at. */
export type Goal = {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly aim: string
  readonly isMet: boolean
}

/** A number that could not be had (NaN) meets no goal. */
export const below = (what: string, value: number, limit: number, unit: string): Goal => ({
  what,
  value,
  unit,
  aim: `< ${limit} ${unit}`.trim(),
  isMet: value < limit,
})

export const atLeast = (what: string, value: number, limit: number): Goal => ({
  what,
  value,
  unit: "",
  aim: `≥ ${limit}`,
  isMet: value >= limit,
})

export const verdict = (isMet: boolean): string => (isMet ? "met" : "not met")

const digits = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 0))

export const goalTable = (goals: readonly Goal[]): string =>
  table(
    ["", "measured", "goal", "verdict"],
    goals.map(({ what, value, unit, aim, isMet }) => [what, `${digits(value)} ${unit}`.trim(), aim, verdict(isMet)]),
  )
