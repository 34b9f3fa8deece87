import { freePort } from "../../scripts/lib/ports.ts"
import { assertMeasurable, ensureLargeWorld, signingKeys, startBenchServer, type WorldOptions } from "./bench-server.ts"
import { nowhere } from "./distance.ts"
import { below, type Goal } from "./goals.ts"
import { type Inspector, inspectorOf } from "./inspector.ts"
import { type Failed, fire, kindsOf, memoryMiB, together } from "./measure.ts"
import { table } from "./report.ts"
import { type Stage, scenariosOf } from "./scenarios.ts"
import { prepareStage } from "./stage.ts"
import type { Tell } from "./tell.ts"
import { Wallet } from "./wallet.ts"

export type SoakOptions = WorldOptions & { readonly minutes: number; readonly connections: number }

export type Sample = { readonly atSeconds: number; readonly rssMiB: number; readonly heapMiB: number }

export type Memory = {
  readonly startMiB: number
  readonly minMiB: number
  readonly maxMiB: number
  readonly endMiB: number
  /** Of the settled part alone: of the process, and of what the Worker's isolate holds after a collection. */
  readonly slopeMiBPerMinute: number
  readonly heap: { readonly startMiB: number; readonly endMiB: number; readonly slopeMiBPerMinute: number }
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

/** At first V8 compiles, heaps and caches grow to their sizes: of five minutes, two. */
const warmUpShare = 0.4

/** What a sawtooth of garbage collections can still look like over three minutes; a kilobyte leaked a request is ten times that. */
const slopeMiBPerMinuteMax = 2

/** The least-squares slope, in MiB a minute; none for less than two points in time. */
export function slopePerMinute(samples: readonly Sample[], of: "rssMiB" | "heapMiB"): number {
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

/** What the samples of a run say. Its slope leaves out the warm-up. */
export function memoryOf(samples: readonly Sample[]): Memory {
  const sizes = samples.map(({ rssMiB }) => rssMiB)
  const settledFromSeconds = (samples.at(-1)?.atSeconds ?? 0) * warmUpShare
  const settled = samples.filter(({ atSeconds }) => atSeconds >= settledFromSeconds)
  return {
    startMiB: sizes[0] ?? Number.NaN,
    minMiB: Math.min(...sizes),
    maxMiB: Math.max(...sizes),
    endMiB: sizes.at(-1) ?? Number.NaN,
    slopeMiBPerMinute: slopePerMinute(settled, "rssMiB"),
    heap: {
      startMiB: samples[0]?.heapMiB ?? Number.NaN,
      endMiB: samples.at(-1)?.heapMiB ?? Number.NaN,
      slopeMiBPerMinute: slopePerMinute(settled, "heapMiB"),
    },
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
    const inspector = await inspectorOf(inspectorPort)
    const { samples, slices } = await load(server, inspector, stage, options, tell)
    inspector.close()
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
        below(
          `the Worker's heap, its slope after ${memory.settledFromSeconds.toFixed(0)} s`,
          memory.heap.slopeMiBPerMinute,
          slopeMiBPerMinuteMax,
          "MiB/min",
        ),
        below(
          `the process's memory, its slope after ${memory.settledFromSeconds.toFixed(0)} s`,
          memory.slopeMiBPerMinute,
          slopeMiBPerMinuteMax,
          "MiB/min",
        ),
        below(["requests that failed", ...kindsOf(all.failed)].join(": "), all.failures, 1, ""),
      ],
    }
  } finally {
    await server.stop()
  }
}

type Loaded = { readonly samples: readonly Sample[]; readonly slices: ReadonlyArray<Awaited<ReturnType<typeof fire>>> }

async function load(
  { url, workerdPid }: { readonly url: string; readonly workerdPid: number },
  inspector: Inspector,
  stage: Stage,
  { minutes, connections }: SoakOptions,
  tell: Tell,
): Promise<Loaded> {
  const mixed = scenariosOf(stage).find(({ name }) => name === "mixed")
  if (mixed === undefined) throw new Error("there is no mixed scenario")
  const began = Date.now()
  const secondsSince = (): number => (Date.now() - began) / 1000
  const samples: Sample[] = []
  const sample = async (): Promise<void> => {
    const heapMiB = await inspector.heapMiB()
    samples.push({ atSeconds: secondsSince(), rssMiB: memoryMiB(workerdPid), heapMiB })
  }
  await sample()
  // That workerd is gone the load meets, too, and says so.
  const sampling = setInterval(() => void sample().catch(() => clearInterval(sampling)), sampleEverySeconds * 1000)
  const slices = []
  try {
    for (let left = minutes * 60; left > 1; left = minutes * 60 - secondsSince()) {
      await stage.wallet.renew()
      slices.push(await fire({ url, workerdPid, connections, seconds: Math.min(sliceSeconds, left) }, mixed.next))
      tell.step(`mixed load: ${secondsSince().toFixed(0)} of ${minutes * 60} s, ${memoryMiB(workerdPid).toFixed(0)} MiB`)
    }
  } finally {
    clearInterval(sampling)
  }
  await sample()
  return { samples, slices }
}

export function soakTable({ memory, requests, requestsPerSecond, orders }: Soak): string {
  const mib = (value: number): string => `${value.toFixed(0)} MiB`
  return table(
    ["soak", ""],
    [
      ["resident at the start", mib(memory.startMiB)],
      ["least", mib(memory.minMiB)],
      ["most", mib(memory.maxMiB)],
      ["at the end", mib(memory.endMiB)],
      [`slope from ${memory.settledFromSeconds.toFixed(0)} s on`, `${memory.slopeMiBPerMinute.toFixed(2)} MiB/min`],
      ["the Worker's own heap, at the start and at the end", `${memory.heap.startMiB.toFixed(1)}, ${memory.heap.endMiB.toFixed(1)} MiB`],
      ["its slope", `${memory.heap.slopeMiBPerMinute.toFixed(2)} MiB/min`],
      ["requests", String(requests)],
      ["req/s, first and last half minute", `${requestsPerSecond.first.toFixed(0)}, ${requestsPerSecond.last.toFixed(0)}`],
      ["orders in the world, before and after", `${orders.before}, ${orders.after}`],
    ],
  )
}
