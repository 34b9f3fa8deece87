import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { stripVTControlCharacters } from "node:util"
import { freePort } from "../lib/ports.ts"
import { wranglerInBackground } from "../lib/wrangler.ts"
import type { StateDir } from "./state-dir.ts"

const HEALTH_POLL_MS = 150
const HEALTH_WAIT_MS_MAX = 120_000
const STOP_WAIT_MS_MAX = 5_000

export type DevServer = {
  readonly base: string
  /** Resolves with the reason when the server answers no more of its own accord. */
  readonly died: Promise<string>
  readonly stop: () => Promise<void>
}

/** Starts `wrangler dev` on the state directory; every line it says goes to `log`. */
export async function startDevServer(port: number, state: StateDir, log: (line: string) => void): Promise<DevServer> {
  const base = `http://127.0.0.1:${port}`
  const child = wranglerInBackground(
    [
      "dev",
      "--env=development",
      "--local",
      "--ip=127.0.0.1",
      `--port=${port}`,
      // Two servers side by side must not meet at the inspector either.
      `--inspector-port=${await freePort()}`,
      `--persist-to=${state.path}`,
      "--show-interactive-dev-session=false",
      `--var=PUBLIC_URL:${base}`,
    ],
    { WRANGLER_REGISTRY_PATH: state.registry },
  )
  let lastError = ""
  const hear = (raw: string): void => {
    const line = stripVTControlCharacters(raw)
    if (line.includes("[ERROR]")) lastError = line.replace(/^.*\[ERROR\]\s*/, "")
    log(line)
  }
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on("line", hear)
  const died = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message))
    child.once("exit", (code, signal) => resolve(lastError || `wrangler ended with ${signal ?? code}`))
  })
  return { base, died, stop: () => stop(child) }
}

/** Waits until the Worker answers. Throws a line when it dies first or takes too long. */
export async function untilHealthy(server: DevServer): Promise<void> {
  let dead: string | undefined
  void server.died.then((why) => {
    dead = why
  })
  const deadline = Date.now() + HEALTH_WAIT_MS_MAX
  while (Date.now() < deadline) {
    if (dead !== undefined) throw new Error(dead)
    if (await answers(`${server.base}/health`)) return
    await sleep(HEALTH_POLL_MS)
  }
  throw new Error(`/health did not answer within ${HEALTH_WAIT_MS_MAX / 1000} s`)
}

const DEATHS_WINDOW_MS = 60_000
/** A client that hangs up again and again is no fault of the server's; one that is gone as soon as it is up is. */
const DEATHS_MAX = 12

/**
 * A server that is started again when it ends by itself, as wrangler 4.124 does when a client hangs up in the middle of a
 * body, or a connection that its proxy keeps to the Worker drops at an unlucky moment (cloudflare/workers-sdk issue 14641).
 * All data is on disk: only requests under way are lost. `died` resolves when it ends too often, or does not come up again.
 */
export async function keepAlive(start: () => Promise<DevServer>, say: (line: string) => void): Promise<DevServer> {
  let running = await start()
  let stopping = false
  const deaths: number[] = []
  const watch = async (): Promise<string> => {
    for (;;) {
      const why = await running.died
      const now = Date.now()
      deaths.push(now)
      if (stopping || deaths.filter((at) => at > now - DEATHS_WINDOW_MS).length > DEATHS_MAX) return why
      say(`the local server went down (${why}), as wrangler dev does when a client hangs up in mid-request; starting it again`)
      await running.stop()
      try {
        running = await start()
        say(
          `the local server is up again after ${((Date.now() - now) / 1000).toFixed(1)} s; all data is kept, requests under way were lost`,
        )
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
      if (stopping) await running.stop()
    }
  }
  const { base } = running
  const stop = async (): Promise<void> => {
    stopping = true
    await running.stop()
  }
  return { base, died: watch(), stop }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

// Wrangler first, so that it closes its databases; then whatever of its group is left.
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM")
    await Promise.race([once(child, "exit"), sleep(STOP_WAIT_MS_MAX, undefined, { ref: false })])
  }
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch {
    // Nobody of the group is left: the usual case.
  }
}
