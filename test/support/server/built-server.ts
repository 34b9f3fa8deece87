import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { freePort } from "../../../scripts/lib/ports.ts"
import { build } from "./build.ts"
import type { Control, FromServer, Row, ServerConfig, ToServer } from "./protocol.ts"

export type { Row } from "./protocol.ts"

type Options = {
  /** The folder that holds D1, the objects, R2 and the queue; the same one again continues where it was left. */
  readonly state: string
  /** A free one when not given. */
  readonly port?: number
  /** Variables laid over those of the test environment. */
  readonly vars?: Readonly<Record<string, string>>
  /** Where workerd's inspector listens; nowhere when not given. */
  readonly inspectorPort?: number
  /** For a profiler: the bundle is not minified. */
  readonly keepsNames?: boolean
  /** Another entry module than `src/worker.ts`: it imports that and exports what it exports, and more around it. */
  readonly wrapper?: string
  /** Where the Worker's and the runtime's words go; `server.log` in the state folder when not given. */
  readonly log?: string
  /** Hears what the server is at before it is ready; it may take minutes to bring a large world up to date. */
  readonly onProgress?: (at: string) => void
}

export type BuiltServer = {
  readonly url: string
  /** The Node process that holds workerd, leader of their process group. */
  readonly pid: number
  readonly workerdPid: number
  /** Resolves once the process has ended, whoever ended it. */
  readonly ended: Promise<void>
  /** Rows of D1, past the Worker. */
  readonly databaseRows: <T extends Row = Row>(query: string) => Promise<readonly T[]>
  /** Runs what cron would run by this expression, at this time if not now. */
  readonly cron: (expression: string, atMs?: number) => Promise<void>
  /** Ends it in good order. */
  readonly stop: () => Promise<void>
  /** SIGKILL to the process and workerd at once. */
  readonly kill: () => Promise<void>
}

const processFile = fileURLToPath(new URL("./server-process.ts", import.meta.url))
/** Silence: while it migrates it speaks up every few seconds. */
const startSilenceMsMax = 120_000
const stopMsMax = 10_000

/** Starts the bundle that would be deployed, built once a process, with its storage on disk. @throws when it does not come up. */
export async function startBuiltServer({
  state,
  port,
  vars = {},
  wrapper,
  log,
  inspectorPort,
  keepsNames,
  onProgress,
}: Options): Promise<BuiltServer> {
  mkdirSync(state, { recursive: true })
  const config: ServerConfig = {
    built: await build(wrapper, keepsNames),
    state,
    port: port ?? (await freePort()),
    vars,
    ...(inspectorPort === undefined ? {} : { inspectorPort }),
  }
  const logFile = openSync(log ?? join(state, "server.log"), "a")
  const child = spawn(process.execPath, ["--no-warnings", processFile, JSON.stringify(config)], {
    detached: true,
    stdio: ["ignore", logFile, logFile, "ipc"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
  })
  closeSync(logFile)
  const { pid } = child
  if (pid === undefined) throw new Error("the server's process could not be started")
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()))
  const kill = async (): Promise<void> => {
    killGroup(pid)
    await ended
  }
  const killAtExit = (): void => killGroup(pid)
  process.once("exit", killAtExit)
  void ended.then(() => process.off("exit", killAtExit))

  try {
    const { url, workerdPid } = await untilReady(child, ended, onProgress)
    const ask = controlOf(child, ended)
    return {
      url,
      pid,
      workerdPid,
      ended,
      kill,
      databaseRows: async <T extends Row>(query: string) => (await ask({ verb: "databaseRows", query })) as readonly T[],
      cron: async (expression, atMs = Date.now()) => void (await ask({ verb: "cron", expression, atMs })),
      stop: async () => {
        await Promise.race([ask({ verb: "stop" }).catch(() => undefined), ended, after(stopMsMax)])
        await Promise.race([ended, after(stopMsMax)])
        await kill()
      },
    }
  } catch (error) {
    await kill()
    throw error
  }
}

type Ready = { readonly url: string; readonly workerdPid: number }

function untilReady(child: ChildProcess, ended: Promise<void>, onProgress?: (at: string) => void): Promise<Ready> {
  return new Promise<Ready>((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(silence)
      child.off("message", hear)
      settle()
    }
    const giveUp = (what: string): void => end(() => reject(new Error(what)))
    const silence = setTimeout(() => giveUp(`the server was not ready and silent for ${startSilenceMsMax} ms`), startSilenceMsMax)
    const hear = (message: FromServer): void => {
      if (message.kind === "ready") return end(() => resolve(message))
      if (message.kind === "failed") return giveUp(`the server did not start: ${message.error}`)
      if (message.kind !== "starting") return
      silence.refresh()
      onProgress?.(message.at)
    }
    child.on("message", hear)
    void ended.then(() => giveUp("the server ended before it was ready"))
  })
}

/** Questions and answers over the child's own channel, each by its number. */
function controlOf(child: ChildProcess, ended: Promise<void>): (control: Control) => Promise<readonly Row[]> {
  type Waiting = { readonly resolve: (rows: readonly Row[]) => void; readonly reject: (error: Error) => void }
  const waiting = new Map<number, Waiting>()
  let last = 0
  child.on("message", (message: FromServer) => {
    if (message.kind !== "answer" && message.kind !== "refusal") return
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.kind === "answer") asked?.resolve(message.rows)
    else asked?.reject(new Error(message.error))
  })
  void ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error("the server has ended"))
    waiting.clear()
  })
  return (control) =>
    new Promise((resolve, reject) => {
      const question: ToServer = { id: (last += 1), control }
      waiting.set(question.id, { resolve, reject })
      child.send(question, (error) => {
        if (error === null) return
        waiting.delete(question.id)
        reject(error)
      })
    })
}

/** The group has the server's pid; that it is gone already is as good. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    return
  }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref())
