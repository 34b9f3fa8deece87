import { readFileSync } from "node:fs"
import autocannon from "autocannon"

/** One request of a scenario, made anew each time it is sent. */
export type Shot = {
  readonly method: "GET" | "POST" | "PUT"
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** What one stretch of load gave. */
export type Volley = {
  readonly durationsMs: readonly number[]
  /** How many were done, where one duration is that of many. */
  readonly count?: number
  readonly seconds: number
  readonly cpuMs: number
  /** How often each thing went wrong, by status or name. */
  readonly failed: Failed
}

export type Failed = Readonly<Record<string, number>>

export type Measured = {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMsPerRequest: number
  readonly failures: number
  readonly failed: Failed
}

export type Load = {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly workerdPid: number
  readonly amount?: number
  /** Of all connections together: they pause for the rest of each second once they have asked so often. */
  readonly requestsPerSecondMax?: number
}

const clockTicksPerSecond = 100

/** CPU milliseconds that a process and its threads have used, from /proc (proc(5): fields 14 and 15 of stat). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicksPerSecond
}

/** Resident memory in MiB (proc(5): VmRSS). */
export function memoryMiB(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
  return Number(line?.[1] ?? 0) / 1024
}

/** The smallest duration that at least this share of all of them do not exceed (nearest rank). */
export function percentile(sortedMs: readonly number[], share: number): number {
  return sortedMs[Math.max(0, Math.ceil(share * sortedMs.length) - 1)] ?? 0
}

/** What several volleys come to, as if they had been one. */
export function together(volleys: readonly Volley[]): Measured {
  const sum = (of: (volley: Volley) => number): number => volleys.reduce((total, volley) => total + of(volley), 0)
  const durations = volleys.flatMap(({ durationsMs }) => durationsMs).sort((a, b) => a - b)
  const requests = sum(({ count, durationsMs }) => count ?? durationsMs.length)
  return {
    requests,
    requestsPerSecond:
      requests /
      Math.max(
        0.001,
        sum(({ seconds }) => seconds),
      ),
    p50Ms: percentile(durations, 0.5),
    p99Ms: percentile(durations, 0.99),
    cpuMsPerRequest: sum(({ cpuMs: used }) => used) / Math.max(1, requests),
    failures: sum(({ failed }) => Object.values(failed).reduce((total, count) => total + count, 0)),
    failed: volleys.map(({ failed }) => failed).reduce(added, {}),
  }
}

/** Each kind of failure with its number, for people. */
export const kindsOf = (failed: Failed): string[] => Object.entries(failed).map(([kind, count]) => `${count} × ${kind}`)

export const added = (one: Failed, other: Failed): Failed =>
  Object.fromEntries(
    [...new Set([...Object.keys(one), ...Object.keys(other)])].map((kind) => [kind, (one[kind] ?? 0) + (other[kind] ?? 0)]),
  )

/** How often autocannon looks whether it is done: a volley may be shorter than its usual second. */
const sampleMs = 50

/** Loads the server for a bounded time, or with a bounded number of requests; each connection asks `next` for its next request. */
export async function fire(
  { url, connections, seconds, workerdPid, amount, requestsPerSecondMax }: Load,
  next: () => Shot,
): Promise<Volley> {
  const before = cpuMs(workerdPid)
  const durationsMs: number[] = []
  let failed: Failed = {}
  const fail = (kind: string): void => {
    failed = added(failed, { [kind]: 1 })
  }
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url,
        connections,
        ...(amount === undefined ? { duration: seconds } : { amount }),
        ...(requestsPerSecondMax === undefined ? {} : { overallRate: requestsPerSecondMax }),
        timeout: 20,
        sampleInt: sampleMs,
        requests: [
          {
            setupRequest: (request) => {
              const { method, path, headers, body } = next()
              return { ...request, method, path, headers: { ...headers }, ...(body === undefined ? { body: "" } : { body }) }
            },
          },
        ],
      },
      (error: Error | null, done) => (error === null ? resolve(done) : reject(error)),
    )
    instance.on("reqError", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
    instance.on("response", (_client, status, _bytes, tookMs) => {
      durationsMs.push(tookMs)
      if (status >= 300) fail(String(status))
    })
  })
  return { durationsMs, seconds: result.duration, cpuMs: cpuMs(workerdPid) - before, failed }
}
