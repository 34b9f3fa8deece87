import type { Measured } from "./measure.ts"

export type Result = {
  readonly scenario: string
  readonly what: string
  readonly api: Measured
  readonly floor: Measured
  /** The API's throughput over its floor's. */
  readonly ratio: number
  /** Of one request, from Server-Timing. */
  readonly d1Trips: number
  readonly rowsRead: number
  readonly rowsWritten: number
  readonly objectCalls: number
}

export type Machine = { readonly cpu: string; readonly cores: number; readonly node: string; readonly at: string }

/** `d1;desc="1 trip, 51 read, 0 written";…, do;desc="1 call"` as numbers. */
export function costOf(timing: string | null): { d1Trips: number; rowsRead: number; rowsWritten: number; objectCalls: number } {
  const [, trips, read, written] = /d1;desc="(\d+) trips?, (\d+) read, (\d+) written"/.exec(timing ?? "") ?? []
  const [, calls] = /do;desc="(\d+) calls?"/.exec(timing ?? "") ?? []
  return { d1Trips: Number(trips ?? 0), rowsRead: Number(read ?? 0), rowsWritten: Number(written ?? 0), objectCalls: Number(calls ?? 0) }
}

const columns = [
  "scenario",
  "req/s",
  "p50 ms",
  "p99 ms",
  "floor req/s",
  "floor p50",
  "ratio",
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
  String(api.p50Ms),
  String(api.p99Ms),
  floor.requestsPerSecond.toFixed(0),
  String(floor.p50Ms),
  ratio.toFixed(2),
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
