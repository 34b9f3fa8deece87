import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { dirname, join } from "node:path"

const FREE_BYTES_MIN = 200 * 1024 * 1024

/** What Waybill itself puts into a state directory; `--fresh` removes these and nothing else. */
const OWN_NAMES = ["v3", "seeded", "registry", "server.log", "server.log.1"] as const

export type StateDir = {
  readonly path: string
  readonly logFile: string
  readonly registry: string
  readonly isSeeded: () => boolean
  readonly markSeeded: () => void
  readonly release: () => void
}

/** Makes the directory usable and takes it for this process. Throws a `StateDirError` with one clear line. */
export function takeStateDir(path: string, fresh: boolean): StateDir {
  const pidFile = join(path, "waybill.pid")
  try {
    makeFolder(path)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    if (freeBytes(path) < FREE_BYTES_MIN)
      throw new StateDirError(`less than ${FREE_BYTES_MIN / 1024 / 1024} MB are free where ${path} lies`)
    takePid(pidFile, path)
    if (fresh) for (const name of OWN_NAMES) rmSync(join(path, name), { recursive: true, force: true })
  } catch (error) {
    throw error instanceof StateDirError ? error : new StateDirError(`${path} cannot be used for the data: ${causeOf(error)}`)
  }
  const marker = join(path, "seeded")
  return {
    path,
    logFile: join(path, "server.log"),
    registry: join(path, "registry"),
    isSeeded: () => existsSync(marker),
    markSeeded: () => writeFileSync(marker, `${new Date().toISOString()}\n`),
    release: () => rmSync(pidFile, { force: true }),
  }
}

export class StateDirError extends Error {}

// By hand: mkdir's own recursion never ends where a parent cannot hold folders, such as /proc.
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new StateDirError(`${path} is a file, not a folder for the data`)
    return
  }
  makeFolder(dirname(path))
  mkdirSync(path)
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

// Two servers over one SQLite file would each believe to be its only writer.
function takePid(file: string, path: string): void {
  const holder = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0
  if (holder !== process.pid && isAlive(holder))
    throw new StateDirError(`${path} is in use by process ${holder}; --state=DIR chooses another place`)
  rmSync(file, { force: true })
  const handle = openSync(file, "wx")
  writeSync(handle, String(process.pid))
  closeSync(handle)
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === "EPERM"
  }
}

function causeOf(error: unknown): string {
  const causes: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full",
    EACCES: "it is not writable",
    EROFS: "the disk is read-only",
    ENOTDIR: "it is not a directory",
    ENOENT: "no folder can be made there",
    EEXIST: "it is not a directory, or another start took it just now",
  }
  const code = codeOf(error)
  return (code === undefined ? undefined : causes[code]) ?? (error instanceof Error ? error.message : String(error))
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
}
