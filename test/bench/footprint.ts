import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { root } from "../../scripts/lib/paths.mjs"
import { reason, wrangler } from "../../scripts/lib/wrangler.ts"
import { below, type Goal } from "./goals.ts"
import type { CpuProfile } from "./inspector.ts"
import type { Tell } from "./tell.ts"

export type Footprint = { readonly bundleGzipKiB: number; readonly startUpCpuMs: number }

const bundleKiBMax = 350
const startUpMsMax = 60

/** A busy machine only ever adds to a start, so the least of several is nearest to what the Worker itself needs. */
const starts = 3

/** Milliseconds of a profile in which the thread was not idle, garbage collection included. */
export function activeMs({ nodes, samples = [], timeDeltas = [] }: CpuProfile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id))
  const active = samples.reduce((sum, node, index) => sum + (idle.has(node) ? 0 : (timeDeltas[index] ?? 0)), 0)
  return active / 1000
}

const folder = join(root, ".build", "bench")

function must(args: readonly string[]): void {
  const done = wrangler(args)
  if (!done.ok) throw new Error(`wrangler ${args[0]}: ${reason(done)}`)
}

/** The bundle that would be deployed: its size, and its start as `wrangler check startup` profiles it. Offline, in .build. */
export function footprint(tell: Tell): Footprint {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  // The bundle takes what it serves under /docs-assets from .build, which a fresh clone has not filled yet.
  const prepared = spawnSync(process.execPath, [join(root, "scripts", "lib", "install.mjs")], { encoding: "utf8" })
  if (prepared.status !== 0) throw new Error(prepared.stderr.trim())
  tell.step("the bundle's size")
  const bundle = join(folder, "bundle")
  must(["deploy", "--env=", "--dry-run", `--outdir=${bundle}`])
  const files = readdirSync(bundle).filter((name) => name.endsWith(".js"))
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(bundle, name))).length, 0)
  const spent = Array.from({ length: starts }, (_, index) => {
    tell.step(`start-up CPU: ${index + 1}/${starts}`)
    const file = join(folder, `start-${index + 1}.cpuprofile`)
    must(["check", "startup", `--outfile=${file}`, "--args=--env="])
    return activeMs(JSON.parse(readFileSync(file, "utf8")) as CpuProfile)
  })
  return { bundleGzipKiB: bytes / 1024, startUpCpuMs: Math.min(...spent) }
}

export const footprintGoals = ({ bundleGzipKiB, startUpCpuMs }: Footprint): readonly Goal[] => [
  below("bundle, gzipped", bundleGzipKiB, bundleKiBMax, "KiB"),
  below(`start-up CPU, the least of ${starts}`, startUpCpuMs, startUpMsMax, "ms"),
]
