import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../scripts/lib/paths.mjs"
import { freePort } from "../../scripts/lib/ports.ts"
import { assertMeasurable, ensureLargeWorld, signingKeys, startBenchServer, type WorldOptions } from "./bench-server.ts"
import { nowhere } from "./distance.ts"
import { type CpuProfile, inspectorOf, type ProfileNode } from "./inspector.ts"
import { fire } from "./measure.ts"
import { table } from "./report.ts"
import { type ScenarioName, scenariosOf } from "./scenarios.ts"
import { prepareStage } from "./stage.ts"
import type { Tell } from "./tell.ts"
import { Wallet } from "./wallet.ts"

export type ProfileOptions = WorldOptions & {
  readonly seconds: number
  readonly connections: number
  readonly only: readonly ScenarioName[]
}

/** Share of the time in each function itself, without what it called; the largest first. */
export type Hotspot = { readonly what: string; readonly share: number }

export type Profiled = { readonly scenario: string; readonly file: string; readonly hotspots: readonly Hotspot[] }

const shownMax = 30

const nameOf = ({ callFrame: { functionName, url = "", lineNumber = 0 } }: ProfileNode): string =>
  functionName.startsWith("(") ? functionName : `${functionName || "(anonymous)"} ${url.split("/").at(-1) ?? ""}:${lineNumber + 1}`

/** Where the time of a profile went. */
export function hotspotsOf({ nodes, samples = [], timeDeltas = [] }: CpuProfile): Hotspot[] {
  const names = new Map(nodes.map((node) => [node.id, nameOf(node)]))
  const spent = new Map<string, number>()
  let total = 0
  for (const [index, node] of samples.entries()) {
    const took = timeDeltas[index] ?? 0
    const name = names.get(node) ?? "?"
    spent.set(name, (spent.get(name) ?? 0) + took)
    total += took
  }
  return [...spent].map(([what, took]) => ({ what, share: took / Math.max(1, total) })).sort((a, b) => b.share - a.share)
}

/** Each scenario under load with workerd's profiler on. The bundle is not minified for it, so that functions keep their names. */
export async function profile(options: ProfileOptions, tell: Tell): Promise<readonly Profiled[]> {
  assertMeasurable()
  await ensureLargeWorld(options, tell)
  const inspectorPort = await freePort()
  const server = await startBenchServer(options.state, tell, nowhere, { inspectorPort, keepsNames: true })
  try {
    const stage = await prepareStage(server.url, new Wallet(signingKeys), { product: 50, kit: 50 }, tell)
    const inspector = await inspectorOf(inspectorPort)
    const folder = join(root, ".build", "bench")
    mkdirSync(folder, { recursive: true })
    const profiled: Profiled[] = []
    for (const scenario of scenariosOf(stage).filter(({ name, pool }) => options.only.includes(name) && pool === undefined)) {
      tell.step(`profiling ${scenario.name}`)
      const load = {
        url: server.url,
        workerdPid: server.workerdPid,
        connections: Math.min(options.connections, scenario.connections ?? options.connections),
      }
      await fire({ ...load, seconds: 2 }, scenario.next)
      const taken = await inspector.profile(() => fire({ ...load, seconds: options.seconds }, scenario.next))
      const file = join(folder, `${scenario.name.replaceAll(" ", "-")}.cpuprofile`)
      writeFileSync(file, JSON.stringify(taken))
      profiled.push({ scenario: scenario.name, file, hotspots: hotspotsOf(taken).slice(0, shownMax) })
    }
    inspector.close()
    return profiled
  } finally {
    await server.stop()
  }
}

export const profileTable = ({ scenario, file, hotspots }: Profiled): string =>
  `${table(
    [scenario, "%"],
    hotspots.map(({ what, share }) => [what, (share * 100).toFixed(1)]),
  )}\n\nkept as ${file.slice(root.length + 1)}, for a browser's profiler`
