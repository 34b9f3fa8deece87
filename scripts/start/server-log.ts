import { appendFileSync, renameSync, statSync, writeFileSync } from "node:fs"

const LOG_BYTES_MAX = 64 * 1024 * 1024
const SIZE_CHECK_LINES = 10_000

/** Whether a line of wrangler or the Worker belongs on the terminal too. */
export function isError(line: string): boolean {
  if (line.startsWith("{")) return /"level":"(error|fatal)"/.test(line)
  return /\[ERROR\]|\[wrangler:error\]|\bUncaught\b|^\s*at .*\.ts:\d+/.test(line)
}

/** Wrangler's own line a request: the Worker logs each itself, with more to read. */
const isRequestEcho = (line: string): boolean => /^\[wrangler:info\] [A-Z]+ .*\(\d+ms\)$/.test(line)

/** A writer of whole lines into the log file; errors go to the terminal as well. The file is turned over at 64 MB. */
export function serverLog(file: string, terminal: (line: string) => void): (line: string) => void {
  writeFileSync(file, "")
  let lines = 0
  return (line) => {
    if (line.trim() === "" || isRequestEcho(line)) return
    if (++lines % SIZE_CHECK_LINES === 0 && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.1`)
    appendFileSync(file, `${line}\n`)
    if (isError(line)) terminal(line)
  }
}
