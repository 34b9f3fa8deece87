import { spawn } from "node:child_process"
import { join } from "node:path"
import { root } from "./paths.mjs"

/** A tool of node_modules/.bin. */
export const bin = (name: string): string => join(root, "node_modules", ".bin", name)

export type Ran = { readonly code: number; readonly output: string; readonly ms: number }

/** Runs a program in the repository's root to its end and keeps what it said. Never rejects: a program that cannot start has code 127. */
export function run(program: string, args: readonly string[]): Promise<Ran> {
  const started = performance.now()
  return new Promise((resolve) => {
    const said: Buffer[] = []
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } })
    const end = (code: number): void => resolve({ code, output: Buffer.concat(said).toString("utf8"), ms: performance.now() - started })
    child.stdout.on("data", (part: Buffer) => said.push(part))
    child.stderr.on("data", (part: Buffer) => said.push(part))
    child.once("error", (error) => {
      said.push(Buffer.from(error.message))
      end(127)
    })
    child.once("close", (code) => end(code ?? 1))
  })
}
