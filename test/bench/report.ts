import type { Measured } from "./measure.ts"

export type Result = {
  readonly scenario: string
  readonly what: string
  readonly api: Measured
  readonly floor: Measured
  /** The API's throughput over its floor's. */
  readonly ratio: number
  /** The same of each turn: how far apart they lie says how quiet the machine was. */
  readonly ratioByTurn: readonly number[]
} & RequestCost

/** What one request cost, from Server-Timing. */
export type RequestCost = {
  readonly d1Trips: number
  readonly rowsRead: number
  readonly rowsWritten: number
  readonly objectCalls: number
}

/** The share of its floor's throughput that the API should reach. */
export const ratioGoal = 0.7

/** `d1;desc="1 trip, 51 read, 0 written";…, do;desc="1 call"` as numbers. */
export function costOf(timing: string | null): RequestCost {
  const [, trips, read, written] = /d1;desc="(\d+) trips?, (\d+) read, (\d+) written"/.exec(timing ?? "") ?? []
  const [, calls] = /do;desc="(\d+) calls?"/.exec(timing ?? "") ?? []
  return { d1Trips: Number(trips ?? 0), rowsRead: Number(read ?? 0), rowsWritten: Number(written ?? 0), objectCalls: Number(calls ?? 0) }
}

export function averageCost(costs: readonly RequestCost[]): RequestCost {
  const average = (of: (cost: RequestCost) => number): number =>
    Math.round(costs.reduce((sum, cost) => sum + of(cost), 0) / Math.max(1, costs.length))
  return {
    d1Trips: average(({ d1Trips }) => d1Trips),
    rowsRead: average(({ rowsRead }) => rowsRead),
    rowsWritten: average(({ rowsWritten }) => rowsWritten),
    objectCalls: average(({ objectCalls }) => objectCalls),
  }
}

const columns = [
  "scenario",
  "req/s",
  "p50 ms",
  "p99 ms",
  "floor req/s",
  "floor p50",
  "ratio",
  `≥ ${ratioGoal}`,
  "CPU ms",
  "floor CPU",
  "trips",
  "read",
  "written",
  "objects",
  "failed",
] as const

const cells = ({ scenario, api, floor, ratio, d1Trips, rowsRead, rowsWritten, objectCalls }: Result): readonly string[] => [
  scenario,
  api.requestsPerSecond.toFixed(0),
  api.p50Ms.toFixed(0),
  api.p99Ms.toFixed(0),
  floor.requestsPerSecond.toFixed(0),
  floor.p50Ms.toFixed(0),
  ratio.toFixed(2),
  ratio >= ratioGoal ? "met" : "not met",
  api.cpuMsPerRequest.toFixed(2),
  floor.cpuMsPerRequest.toFixed(2),
  String(d1Trips),
  String(rowsRead),
  String(rowsWritten),
  String(objectCalls),
  String(api.failures + floor.failures),
]

/** A table that reads in a terminal and is Markdown too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`
  return [line(head), rule, ...rows.map(line)].join("\n")
}

export const resultTable = (results: readonly Result[]): string => table(columns, results.map(cells))
