import { readFileSync } from "node:fs"
import autocannon from "autocannon"

/** One request of a scenario, made anew each time it is sent. */
export type Shot = {
  readonly method: "GET" | "POST" | "PUT"
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type Measured = {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMsPerRequest: number
  readonly failures: number
}

export type Load = {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly workerdPid: number
  readonly amount?: number
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

/** Loads the server for a bounded time, or with a bounded number of requests; each connection asks `next` for its next request. */
export async function measure(
  { url, connections, seconds, workerdPid, amount }: Load,
  next: () => Shot,
  expected: (status: number) => boolean = (status) => status < 300,
): Promise<Measured> {
  const before = cpuMs(workerdPid)
  let failures = 0
  const result = await autocannon({
    url,
    connections,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    timeout: 20,
    requests: [
      {
        setupRequest: (request) => {
          const { method, path, headers, body } = next()
          return { ...request, method, path, headers: { ...headers }, ...(body === undefined ? { body: "" } : { body }) }
        },
        onResponse: (status) => {
          if (!expected(status)) failures += 1
        },
      },
    ],
  })
  const answered = Math.max(1, result.requests.total)
  return {
    requestsPerSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    cpuMsPerRequest: (cpuMs(workerdPid) - before) / answered,
    failures: failures + result.errors + result.timeouts,
  }
}
