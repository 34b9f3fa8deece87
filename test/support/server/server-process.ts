import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename, dirname } from "node:path"
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare"
import type { Built, Control, FromServer, Migration, Row, ServerConfig, ToServer } from "./protocol.ts"

/**
 * The built bundle under Miniflare, in a process of its own, so that it can be killed together with workerd.
 * It listens on the Worker's own socket: Miniflare's entry Worker, which exists on no edge, is not in the way.
 */
const config = JSON.parse(process.argv[2] ?? "") as ServerConfig
const built = JSON.parse(readFileSync(config.built, "utf8")) as Built
const workerName = "waybill"
const host = "127.0.0.1"

const tell = (message: FromServer): void => void process.send?.(message)
const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host,
    port: 0,
    log: new Log(LogLevel.WARN),
    logRequests: false,
    telemetry: { enabled: false },
    unsafeInspectDurableObjects: true,
    resourcePersistencePath: config.state,
    handleStructuredLogs: ({ message }) => void process.stdout.write(`${message}\n`),
    workers: [
      {
        ...built.workerOptions,
        name: workerName,
        bindings: { ...built.workerOptions.bindings, ...config.vars },
        modules: [{ type: "ESModule", path: basename(built.bundle), contents: readFileSync(built.bundle, "utf8") }],
        rootPath: dirname(built.bundle),
        ratelimits: withoutLimits(),
        unsafeDirectSockets: [{ host, port: config.port }],
      },
    ],
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
    case "evict":
      await miniflare.unsafeEvictDurableObject(workerName, control.className, { name: control.name })
      return []
    case "objectRows": {
      const storage = await miniflare.unsafeGetDurableObjectStorage(workerName, control.className, { name: control.name })
      return (await storage.exec(control.query)) as Row[]
    }
    case "databaseRows": {
      const database = await miniflare.getD1Database("DB", workerName)
      return (await database.prepare(control.query).all<Row>()).results
    }
    case "cron": {
      const worker = await miniflare.getWorker(workerName)
      await worker.scheduled({ cron: control.expression })
      return []
    }
    case "stop":
      await miniflare.dispose()
      setImmediate(() => process.exit(0))
      return []
  }
}

/** Rate limits would be what is measured, and all clients have one address. */
function withoutLimits(): Built["workerOptions"]["ratelimits"] {
  const limits = Object.entries(built.workerOptions.ratelimits ?? {})
  return Object.fromEntries(limits.map(([name, limit]) => [name, { ...limit, simple: { ...limit.simple, limit: 1_000_000_000 } }]))
}

/** As wrangler does it, and noted in its table: a file at a time, each once. */
async function migrate(migrations: readonly Migration[]): Promise<void> {
  const database = await miniflare.getD1Database("DB", workerName)
  await database
    .prepare("CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)")
    .run()
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>()
  const done = new Set(results.map(({ name }) => name))
  for (const { name, statements } of migrations) {
    if (done.has(name)) continue
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ])
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
