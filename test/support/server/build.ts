import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { root } from "../../../scripts/lib/paths.mjs"
import { reason, wrangler } from "../../../scripts/lib/wrangler.ts"
import type { Built, Migration } from "./protocol.ts"

const environment = "test"
const configFile = join(root, "wrangler.toml")
const productionEntry = join(root, "src", "worker.ts")

const builds = new Map<string, Promise<string>>()

/**
 * Bundles what `npm run deploy` would upload, once a process and entry, and gives the path of its `server.json`.
 * A wrapper is another entry module, which imports `src/worker.ts` and exports what it exports.
 */
export function build(wrapper: string = productionEntry, keepsNames = false): Promise<string> {
  const known = builds.get(wrapper)
  if (known !== undefined) return known
  const building = bundle(wrapper, keepsNames)
  builds.set(wrapper, building)
  return building
}

async function bundle(entry: string, keepsNames: boolean): Promise<string> {
  // The bundle takes what it serves under /docs-assets from .build, which a fresh clone has not filled yet.
  const prepared = spawnSync(process.execPath, [join(root, "scripts", "lib", "install.mjs")], { encoding: "utf8" })
  if (prepared.status !== 0) throw new Error(prepared.stderr.trim())
  const parent = join(root, ".build", "server")
  mkdirSync(parent, { recursive: true })
  // A folder of its own for each process, since benchmarks and tests may build at the same time.
  const folder = mkdtempSync(join(parent, `${basename(entry, ".ts")}-`))
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  const result = wrangler([
    "deploy",
    entry,
    "--dry-run",
    "--env",
    environment,
    "--outdir",
    folder,
    ...(keepsNames ? ["--minify=false"] : []),
  ])
  if (!result.ok) throw new Error(`the bundle could not be built: ${reason(result)}`)

  // Wrangler takes seconds to load, so the server's own process, which starts again and again, never does.
  const { unstable_getMiniflareWorkerOptions: optionsOf, unstable_splitSqlQuery: split } = await import("wrangler")
  const migrationsFolder = join(root, "migrations")
  const migrations = readdirSync(migrationsFolder)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name): Migration => ({ name, statements: split(readFileSync(join(migrationsFolder, name), "utf8")) }))
  const built: Built = {
    workerOptions: {
      ...optionsOf(configFile, environment).workerOptions,
      rootPath: folder,
      modules: [{ type: "ESModule", path: join(folder, `${basename(entry, ".ts")}.js`) }],
    },
    migrations,
  }
  const file = join(folder, "server.json")
  writeFileSync(file, JSON.stringify(built))
  return file
}
