import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { root } from "./paths.mjs"

const cli = join(root, "node_modules", "wrangler", "wrangler-dist", "cli.js")
const tether = join(root, "scripts", "lib", "tether.mjs")

/** Wrangler without its calls home, update checks, log files and questions. */
const quiet = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  X_LOCAL_EXPLORER: "false",
  X_LOCAL_OBSERVABILITY: "false",
  FORCE_COLOR: "0",
  NO_COLOR: "1",
} as const

type Finished = { readonly ok: boolean; readonly stdout: string; readonly stderr: string }

/** One wrangler command, to its end, with no questions asked. Offline unless the command itself is remote. */
export function wrangler(args: readonly string[], input?: string): Finished {
  const result = spawnSync(process.execPath, ["--no-warnings", cli, ...args], {
    cwd: root,
    env: { ...process.env, ...quiet, CI: "true" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    ...(input === undefined ? { stdio: ["ignore", "pipe", "pipe"] } : { input }),
  })
  return { ok: result.status === 0, stdout: result.stdout ?? "", stderr: (result.stderr ?? "") + (result.error?.message ?? "") }
}

/** A wrangler that stays, leader of its own process group and tied to this process: it ends when this process does, however it does. */
export function wranglerInBackground(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, ["--no-warnings", "--import", tether, cli, ...args], {
    cwd: root,
    env: { ...process.env, ...quiet, CI: "true", ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  })
}

/** What went wrong, in one line: wrangler's `[ERROR]` sentence, or the last thing it said. */
export function reason({ stdout, stderr }: Finished): string {
  const lines = stripVTControlCharacters(`${stdout}\n${stderr}`)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.includes("Logs were written to"))
  const marked = lines.find((line) => line.includes("[ERROR]"))
  const said = marked ?? lines.findLast((line) => line !== "") ?? "it said nothing"
  return said.replace(/^.*\[ERROR\]\s*/, "")
}
