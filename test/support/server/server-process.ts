import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare"
import { describe, fetchAgain } from "./fetch-again.ts"
import type { Built, Control, FromServer, Migration, Row, ServerConfig, ToServer } from "./protocol.ts"

/**
 * The built bundle under Miniflare, in a process of its own, so that it can be killed together with workerd.
 * It listens on the Worker's own socket: Miniflare's entry Worker, which exists on no edge, is not in the way.
 */
const config = JSON.parse(process.argv[2] ?? "") as ServerConfig
const built = JSON.parse(readFileSync(config.built, "utf8")) as Built
const workerName = "waybill"
const controlName = "control"
const host = "127.0.0.1"
const sayAgainMs = 5_000

type Query = { readonly sql: string; readonly params?: readonly unknown[] }

const tell = (message: FromServer): void => void process.send?.(message)

const waybill: V4WorkerOptions = {
  ...built.workerOptions,
  name: workerName,
  bindings: { ...built.workerOptions.bindings, ...config.vars },
  ratelimits: withoutLimits(),
  unsafeDirectSockets: [{ host, port: config.port }],
}
const control: V4WorkerOptions = {
  name: controlName,
  compatibilityDate: built.workerOptions.compatibilityDate ?? "",
  modules: [{ type: "ESModule", path: fileURLToPath(new URL("./control-worker.mjs", import.meta.url)) }],
  d1Databases: built.workerOptions.d1Databases ?? {},
  unsafeDirectSockets: [{ host, port: 0 }],
}

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host,
    port: 0,
    ...(config.inspectorPort === undefined ? {} : { inspectorPort: config.inspectorPort }),
    log: new Log(LogLevel.WARN),
    logRequests: false,
    telemetry: { enabled: false },
    unsafeTriggerHandlers: true,
    resourcePersistencePath: config.state,
    handleStructuredLogs: ({ message }) => void process.stdout.write(`${message}\n`),
    workers: [waybill, control],
  }),
)

process.on("message", (message: ToServer) => {
  answer(message.control).then(
    (rows) => tell({ kind: "answer", id: message.id, rows }),
    (error: unknown) => tell({ kind: "refusal", id: message.id, error: describe(error) }),
  )
})
// When whoever started it is gone, even by SIGKILL, nothing of it stays.
process.once("disconnect", () => process.kill(0, "SIGKILL"))

try {
  await miniflare.ready
  await migrate(built.migrations)
  const url = await miniflare.unsafeGetDirectURL(workerName)
  tell({ kind: "ready", url: url.origin, workerdPid: workerdPid() })
} catch (error) {
  tell({ kind: "failed", error: describe(error) })
}

async function answer(control: Control): Promise<readonly Row[]> {
  switch (control.verb) {
    case "databaseRows":
      return (await onDatabase([{ sql: control.query }]))[0] ?? []
    case "cron": {
      const query = new URLSearchParams({ cron: control.expression, time: String(control.atMs), format: "json" })
      const answered = await fetchAgain(new URL(`/cdn-cgi/local/scheduled?${query.toString()}`, await miniflare.ready))
      if (!answered.ok) throw new Error(`cron ${control.expression} answered ${answered.status}: ${await answered.text()}`)
      return []
    }
    case "stop":
      await miniflare.dispose()
      setImmediate(() => process.exit(0))
      return []
  }
}

/** Rate limits would be what is measured, and all clients have one address. */
function withoutLimits(): NonNullable<V4WorkerOptions["ratelimits"]> {
  const limits = Object.entries(built.workerOptions.ratelimits ?? {})
  return Object.fromEntries(limits.map(([name, limit]) => [name, { ...limit, simple: { ...limit.simple, limit: 1_000_000_000 } }]))
}

/**
 * Statements as one batch, by a Worker of its own beside Waybill. Miniflare's `getD1Database` waits for workerd with
 * Node standing still: under load workerd waits for Node to read its log at the same time, and neither goes on.
 */
async function onDatabase(statements: readonly Query[]): Promise<readonly (readonly Row[])[]> {
  const answered = await fetchAgain(await miniflare.unsafeGetDirectURL(controlName), { method: "POST", body: JSON.stringify(statements) })
  if (!answered.ok) throw new Error(await answered.text())
  return (await answered.json()) as Row[][]
}

/** As wrangler does it, and noted in its table: a file at a time, each once. */
async function migrate(migrations: readonly Migration[]): Promise<void> {
  const table =
    "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)"
  const [, rows = []] = await onDatabase([{ sql: table }, { sql: "SELECT name FROM d1_migrations" }])
  const done = new Set(rows.map(({ name }) => name))
  const missing = migrations.filter(({ name }) => !done.has(name))
  for (const [index, { name, statements }] of missing.entries())
    await whileSaying(`migration ${index + 1} of ${missing.length}, ${name}`, () => migrateOnce(name, statements))
}

/** A file and its note are one batch. Where an answer was lost the same is tried again and refused, and the note tells that it is done. */
async function migrateOnce(name: string, statements: readonly string[]): Promise<void> {
  try {
    await onDatabase([...statements.map((sql) => ({ sql })), { sql: "INSERT INTO d1_migrations (name) VALUES (?)", params: [name] }])
  } catch (error) {
    const [noted = []] = await onDatabase([{ sql: "SELECT name FROM d1_migrations WHERE name = ?", params: [name] }])
    if (noted.length === 0) throw error
  }
}

/** In a large world some work takes minutes: whoever waits hears that it goes on. */
async function whileSaying<T>(at: string, work: () => Promise<T>): Promise<T> {
  tell({ kind: "starting", at })
  const saying = setInterval(() => tell({ kind: "starting", at }), sayAgainMs)
  try {
    return await work()
  } finally {
    clearInterval(saying)
  }
}

function workerdPid(): number {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" })
  for (const line of stdout.split("\n")) {
    const [pid, parent, command = ""] = line.trim().split(/\s+/)
    if (Number(parent) === process.pid && command.includes("workerd")) return Number(pid)
  }
  throw new Error("workerd is not among this process's children")
}
