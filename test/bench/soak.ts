import { freePort } from "../../scripts/lib/ports.ts"
import { assertMeasurable, ensureLargeWorld, signingKeys, startBenchServer, type WorldOptions } from "./bench-server.ts"
import { nowhere } from "./distance.ts"
import { below, type Goal } from "./goals.ts"
import { inspectorOf, platformHeapsOf } from "./inspector.ts"
import { type Failed, fire, kindsOf, memoryMiB, together } from "./measure.ts"
import { table } from "./report.ts"
import { type Stage, scenariosOf } from "./scenarios.ts"
import { prepareStage } from "./stage.ts"
import type { Tell } from "./tell.ts"
import { Wallet } from "./wallet.ts"

export type SoakOptions = WorldOptions & { readonly minutes: number; readonly connections: number }

export type Sample = {
  readonly atSeconds: number
  readonly rssMiB: number
  /** What the Worker's isolate holds after a collection. */
  readonly heapMiB: number
  /** What the local platform's isolates hold after one: those of D1, the queues and the rate limits. */
  readonly platformMiB: number
}

/** Its slope is of the settled part alone. */
type Course = { readonly startMiB: number; readonly endMiB: number; readonly slopeMiBPerMinute: number }

export type Memory = {
  readonly process: Course & { readonly minMiB: number; readonly maxMiB: number }
  readonly heap: Course
  readonly platform: Course
  readonly settledFromSeconds: number
}

export type Soak = {
  readonly memory: Memory
  readonly samples: readonly Sample[]
  readonly requests: number
  /** In the first and in the last slice of the run. */
  readonly requestsPerSecond: { readonly first: number; readonly last: number }
  readonly failures: number
  readonly failed: Failed
  readonly orders: { readonly before: number; readonly after: number }
  readonly goals: readonly Goal[]
}

const sampleEverySeconds = 5

/** The load stops for a moment after each slice, so that tokens can be renewed. */
const sliceSeconds = 30

/**
 * A workerd that never comes to rest does not ask the kernel which sockets and timers are ready, and cuts off those that
 * waited for it for five seconds: so the load leaves it a moment in each second, where the machine can do so much.
 */
const requestsPerSecondMax = 96

/** At first V8 compiles, heaps and caches grow to their sizes: of five minutes, two. */
const warmUpShare = 0.4

/** What a sawtooth of garbage collections can still look like over three minutes; a kilobyte leaked a request is ten times that. */
const slopeMiBPerMinuteMax = 2

type Measure = "rssMiB" | "heapMiB" | "platformMiB"

/** The least-squares slope, in MiB a minute; none for less than two points in time. */
export function slopePerMinute(samples: readonly Sample[], of: Measure): number {
  const mean = (value: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + value(sample), 0) / samples.length
  const meanMinute = mean(({ atSeconds }) => atSeconds / 60)
  const meanMiB = mean((sample) => sample[of])
  let covariance = 0
  let variance = 0
  for (const sample of samples) {
    const minutes = sample.atSeconds / 60 - meanMinute
    covariance += minutes * (sample[of] - meanMiB)
    variance += minutes * minutes
  }
  return variance === 0 ? Number.NaN : covariance / variance
}

/** What the samples of a run say. Its slopes leave out the warm-up. */
export function memoryOf(samples: readonly Sample[]): Memory {
  const settledFromSeconds = (samples.at(-1)?.atSeconds ?? 0) * warmUpShare
  const settled = samples.filter(({ atSeconds }) => atSeconds >= settledFromSeconds)
  const courseOf = (of: Measure): Course => ({
    startMiB: samples[0]?.[of] ?? Number.NaN,
    endMiB: samples.at(-1)?.[of] ?? Number.NaN,
    slopeMiBPerMinute: slopePerMinute(settled, of),
  })
  const sizes = samples.map(({ rssMiB }) => rssMiB)
  return {
    process: { ...courseOf("rssMiB"), minMiB: Math.min(...sizes), maxMiB: Math.max(...sizes) },
    heap: courseOf("heapMiB"),
    platform: courseOf("platformMiB"),
    settledFromSeconds,
  }
}

/** The mixed load for minutes, with workerd's resident memory on record. */
export async function soak(options: SoakOptions, tell: Tell): Promise<Soak> {
  assertMeasurable()
  await ensureLargeWorld(options, tell)
  const inspectorPort = await freePort()
  const server = await startBenchServer(options.state, tell, nowhere, { inspectorPort })
  try {
    const stage = await prepareStage(server.url, new Wallet(signingKeys), { product: 1, kit: 1 }, tell)
    const countOrders = async (): Promise<number> => {
      const [row] = await server.databaseRows("SELECT count(*) AS orders FROM orders WHERE side = 'supplier'")
      return Number(row?.["orders"])
    }
    const before = await countOrders()
    const { samples, slices } = await load(server, inspectorPort, stage, options, tell)
    const all = together(slices)
    const perSecond = slices.map((slice) => together([slice]).requestsPerSecond)
    const memory = memoryOf(samples)
    return {
      memory,
      samples,
      requests: all.requests,
      requestsPerSecond: { first: perSecond[0] ?? Number.NaN, last: perSecond.at(-1) ?? Number.NaN },
      failures: all.failures,
      failed: all.failed,
      orders: { before, after: await countOrders() },
      goals: [
        flat("the Worker's heap", memory, "heap"),
        flat("the heaps of D1, queues and rate limits", memory, "platform"),
        flat("the process's memory", memory, "process"),
        below(["requests that failed", ...kindsOf(all.failed)].join(": "), all.failures, 1, ""),
      ],
    }
  } finally {
    await server.stop()
  }
}

const flat = (what: string, memory: Memory, of: "heap" | "platform" | "process"): Goal =>
  below(`${what}, its slope after ${memory.settledFromSeconds.toFixed(0)} s`, memory[of].slopeMiBPerMinute, slopeMiBPerMinuteMax, "MiB/min")

type Loaded = { readonly samples: readonly Sample[]; readonly slices: ReadonlyArray<Awaited<ReturnType<typeof fire>>> }

async function load(
  { url, workerdPid }: { readonly url: string; readonly workerdPid: number },
  inspectorPort: number,
  stage: Stage,
  { minutes, connections }: SoakOptions,
  tell: Tell,
): Promise<Loaded> {
  const mixed = scenariosOf(stage).find(({ name }) => name === "mixed")
  if (mixed === undefined) throw new Error("there is no mixed scenario")
  const worker = await inspectorOf(inspectorPort)
  const platform = await platformHeapsOf(inspectorPort)
  const began = Date.now()
  const secondsSince = (): number => (Date.now() - began) / 1000
  const samples: Sample[] = []
  const sample = async (): Promise<void> => {
    const [heapMiB, platformMiB] = await Promise.all([worker.heapMiB(), platform.heapMiB()])
    samples.push({ atSeconds: secondsSince(), rssMiB: memoryMiB(workerdPid), heapMiB, platformMiB })
  }
  await sample()
  // That workerd is gone the load meets, too, and says so.
  const sampling = setInterval(() => void sample().catch(() => clearInterval(sampling)), sampleEverySeconds * 1000)
  const slices = []
  try {
    for (let left = minutes * 60; left > 1; left = minutes * 60 - secondsSince()) {
      await stage.wallet.renew()
      const seconds = Math.min(sliceSeconds, left)
      slices.push(await fire({ url, workerdPid, connections, seconds, requestsPerSecondMax }, mixed.next))
      tell.step(`mixed load: ${secondsSince().toFixed(0)} of ${minutes * 60} s, ${memoryMiB(workerdPid).toFixed(0)} MiB`)
    }
  } finally {
    clearInterval(sampling)
  }
  await sample()
  worker.close()
  platform.close()
  return { samples, slices }
}

export function soakTable({ memory, requests, requestsPerSecond, orders }: Soak): string {
  const { process, heap, platform, settledFromSeconds } = memory
  const whole = (mib: number): string => `${mib.toFixed(0)} MiB`
  const course = ({ startMiB, endMiB }: Course): string => `${startMiB.toFixed(1)}, ${endMiB.toFixed(1)} MiB`
  const slope = ({ slopeMiBPerMinute }: Course): string => `${slopeMiBPerMinute.toFixed(2)} MiB/min`
  return table(
    ["soak", ""],
    [
      ["the process, at the start and at the end", `${whole(process.startMiB)}, ${whole(process.endMiB)}`],
      ["least and most", `${whole(process.minMiB)}, ${whole(process.maxMiB)}`],
      [`its slope from ${settledFromSeconds.toFixed(0)} s on`, slope(process)],
      ["the Worker's own heap, at the start and at the end", course(heap)],
      ["its slope", slope(heap)],
      ["heaps of D1, queues and rate limits, at the end", `${platform.endMiB.toFixed(1)} MiB`],
      ["their slope", slope(platform)],
      ["requests", String(requests)],
      ["req/s, first and last half minute", `${requestsPerSecond.first.toFixed(0)}, ${requestsPerSecond.last.toFixed(0)}`],
      ["orders in the world, before and after", `${orders.before}, ${orders.after}`],
    ],
  )
}
