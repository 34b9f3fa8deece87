import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { root } from "../../scripts/lib/paths.mjs"
import { type BuiltServer, startBuiltServer } from "../support/server/built-server.ts"
import { type Distance, distanceVars, nowhere } from "./distance.ts"
import type { Tell } from "./tell.ts"

/** The key that the server verifies by and the wallet signs with. */
export const signingKeys = [{ kid: "bench", secret: "a-key-for-the-benchmark-alone-0000000000" }]

/** What was measured on: timings mean nothing without it. */
export type Machine = { readonly cpu: string; readonly cores: number; readonly node: string; readonly at: string }

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  node: process.version,
  at: new Date().toISOString(),
})

/** @throws when CPU time and memory of a process cannot be read, which is so wherever there is no Linux. */
export function assertMeasurable(): void {
  if (!existsSync("/proc/self/stat")) throw new Error("CPU time and memory are read from /proc, so this needs Linux")
}

/** The deployed Worker with what the benchmark wraps around it. */
export const startBenchServer = (
  state: string,
  tell: Tell,
  distance: Distance = nowhere,
  more: { readonly inspectorPort?: number; readonly keepsNames?: boolean } = {},
): Promise<BuiltServer> => {
  tell.step("starting the server")
  return startBuiltServer({
    ...more,
    state,
    onProgress: (at) => tell.step(`starting the server: ${at}`),
    wrapper: fileURLToPath(new URL("./bench-worker.ts", import.meta.url)),
    vars: {
      JWT_KEYS: signingKeys.map(({ kid, secret }) => `${kid}:${secret}`).join(","),
      RATE_SIGN_IN_LIMIT: "1000000",
      FILE_QUOTA_BYTES: "1000000000000",
      ...distanceVars(distance),
    },
  })
}

/** Where the seeded world lies, and whether a new one is wanted. */
export type WorldOptions = { readonly state: string; readonly isFresh: boolean }

const mark = "seeded-large"
const begun = "seeding"
const ended = "large world\n"

/** Makes the large world once and keeps it. @throws when the folder holds something else, or the world cannot be made. */
export async function ensureLargeWorld({ state, isFresh }: WorldOptions, tell: Tell): Promise<void> {
  const isOurs = existsSync(join(state, mark))
  if (isOurs && !isFresh && readFileSync(join(state, mark), "utf8") !== begun) return
  if (!isOurs && existsSync(state) && readdirSync(state).length > 0)
    throw new Error(`${state} holds something else than a world of this benchmark; empty it or name another --state`)
  rmSync(state, { recursive: true, force: true })
  mkdirSync(state, { recursive: true })
  // Whoever is stopped in the middle leaves this behind, and the next run begins anew.
  writeFileSync(join(state, mark), begun)
  const server = await startBenchServer(state, tell)
  try {
    seed(server.url, tell)
  } finally {
    await server.stop()
  }
  writeFileSync(join(state, mark), ended)
}

function seed(url: string, tell: Tell): void {
  tell.line("seeding the large world (a few minutes, once)")
  const seeded = spawnSync(process.execPath, ["--no-warnings", join(root, "scripts", "seed.ts"), "--size=large", `--base=${url}`], {
    stdio: ["ignore", process.stderr, process.stderr],
  })
  if (seeded.status !== 0) throw new Error("the world could not be seeded")
}
