import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { root } from "../../scripts/lib/paths.mjs"
import { freePort } from "../../scripts/lib/ports.ts"

/** What a newcomer does on a terminal: starts the server and gives commands to it. */

const startMsMax = 240_000
const tether = join(root, "scripts", "lib", "tether.mjs")

export type NewcomersServer = { readonly base: string; readonly stop: () => Promise<void> }

/** `npm start` on a free port with fresh data, which go when it stops. */
export async function startServer(): Promise<NewcomersServer> {
  const state = mkdtempSync(join(tmpdir(), "waybill-newcomer-"))
  const port = await freePort()
  // Tied to this process and leader of its own group, so that it ends with the tests, however they end.
  const child = spawn(process.execPath, ["--import", tether, join(root, "scripts", "start.ts"), `--port=${port}`, `--state=${state}`], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()))
  const deadline = Date.now() + startMsMax
  while (!output.includes("Waybill is up")) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop(child, state)
      throw new Error(`npm start did not come up:\n${output}`)
    }
    await sleep(100)
  }
  return { base: `http://127.0.0.1:${port}`, stop: () => stop(child, state) }
}

async function stop(child: ChildProcess, state: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit")
    child.kill("SIGTERM")
    await ended
  }
  rmSync(state, { recursive: true, force: true })
}

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A command to its end. */
export async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ""): Promise<Ran> {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: "pipe" })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.end(input)
  const [code] = (await once(child, "close")) as [number | null]
  return { code, stdout, stderr }
}

/** One of the repository's own scripts, as npm runs it. */
export const runScript = (name: string, ...args: readonly string[]): Promise<Ran> =>
  run(process.execPath, [join(root, "scripts", name), ...args])
