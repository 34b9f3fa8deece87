import { spawn } from "node:child_process"
import { join, relative, resolve } from "node:path"
import { fail } from "./lib/fail.mjs"
import { parseOptions, wholeNumber } from "./lib/options.ts"
import { root } from "./lib/paths.mjs"
import { isPortFree } from "./lib/ports.ts"
import { reason, wrangler } from "./lib/wrangler.ts"
import { banner } from "./start/banner.ts"
import { cronTable, tickCrons } from "./start/cron.ts"
import { type DevServer, keepAlive, startDevServer, untilHealthy } from "./start/dev-server.ts"
import { serverLog } from "./start/server-log.ts"
import { StateDirError, takeStateDir } from "./start/state-dir.ts"

const help = `
npm start -- [options]     Waybill on this machine: D1, Durable Objects, R2, Queues and cron, all local.

  --port=N       the port on 127.0.0.1 (8787)
  --state=DIR    where the data lies (.waybill/state)
  --fresh        begin with no data
  --no-seed      do not load the demo world on a first start
`

const options = parseOptions({
  help,
  options: {
    port: { type: "string", default: "8787" },
    state: { type: "string", default: join(root, ".waybill", "state") },
    fresh: { type: "boolean" },
    "no-seed": { type: "boolean" },
  },
})
const port = wholeNumber("port", options.text("port"), 1, 65_535)
const statePath = resolve(process.env.INIT_CWD ?? process.cwd(), options.text("state") ?? "")
const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (!(await isPortFree(port))) fail(`port ${port} is taken; --port=N chooses another`)

const state = take()
process.once("exit", state.release)

let server: DevServer | undefined
let starting: DevServer | undefined
let seeding: AbortController | undefined
let stopping = false
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void shutDown(0))

const migrated = wrangler(["d1", "migrations", "apply", "DB", "--local", "--env", "development", "--persist-to", state.path])
if (!migrated.ok) fail(`the database could not be migrated: ${reason(migrated)}`)

try {
  const log = serverLog(state.logFile, say)
  const start = async (): Promise<DevServer> => {
    starting = await startDevServer(port, state, log)
    await untilHealthy(starting)
    return starting
  }
  server = await keepAlive(start, say)
  if (!options.flag("no-seed") && !state.isSeeded()) await seed(server.base)
} catch (error) {
  if (!stopping) {
    process.stderr.write(`waybill: ${error instanceof Error ? error.message : String(error)} (log: ${state.logFile})\n`)
    await shutDown(1)
  }
}

if (server && !stopping) {
  tickCrons(server.base, cronTable("development"), say)
  say(banner(server.base, relative(process.cwd(), state.logFile), state.isSeeded()))
  const why = await server.died
  if (!stopping) {
    process.stderr.write(`waybill: the server ended by itself: ${why} (log: ${state.logFile})\n`)
    await shutDown(1)
  }
}

function take(): ReturnType<typeof takeStateDir> {
  try {
    return takeStateDir(statePath, options.flag("fresh"))
  } catch (error) {
    if (error instanceof StateDirError) return fail(error.message)
    throw error
  }
}

async function seed(base: string): Promise<void> {
  seeding = new AbortController()
  const args = [join(root, "scripts", "seed.ts"), `--base=${base}`, "--size=small"]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], signal: seeding.signal })
  const code = await new Promise<number | null>((done) => {
    child.once("error", () => done(null))
    child.once("exit", done)
  })
  if (code !== 0) throw new Error("the demo world could not be loaded; --fresh begins anew, --no-seed starts without it")
  state.markSeeded()
}

async function shutDown(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  seeding?.abort()
  await (server ?? starting)?.stop()
  process.exit(code)
}
