import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"

const LOCK_WAIT_MS_MAX = 300_000
const LOCK_POLL_MS = 250

/** The packages of npm's own record of what it installed fit the lock file: same versions, none missing but optional ones. */
export function installedFits(lock, installed) {
  const wanted = Object.entries(lock.packages ?? {}).filter(([path]) => path !== "")
  const present = installed.packages ?? {}
  return wanted.every(([path, entry]) => {
    const found = present[path]
    return found === undefined ? entry.optional === true : found.version === entry.version && found.integrity === entry.integrity
  })
}

/** Installs what package-lock.json names unless node_modules already holds it. Returns an error line, or undefined. */
export function installPackages(root) {
  if (isCurrent(root)) return undefined
  const release = takeTurn(join(root, ".build", "install.lock"))
  try {
    // Whoever held the turn before may have done the work.
    if (isCurrent(root)) return undefined
    process.stderr.write("waybill: installing the packages of package-lock.json, once…\n")
    const [command, ...before] = npmCommand()
    const result = spawnSync(command, [...before, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    })
    if (result.error) return `npm could not be started: ${result.error.message}`
    if (result.status !== 0) return "npm ci failed; its own message stands above"
    if (!existsSync(nodeBinary(root))) return "npm ci ran without install scripts, which Waybill needs (npm config: ignore-scripts)"
    writeStamp(root)
    return undefined
  } finally {
    release()
  }
}

function isCurrent(root) {
  if (!existsSync(nodeBinary(root))) return false
  const text = readFileSync(join(root, "package-lock.json"), "utf8")
  if (read(stampFile(root)) === digest(text)) return true
  // A developer's own `npm install` leaves no stamp of ours, but npm's record of it fits.
  const hidden = read(join(root, "node_modules", ".package-lock.json"))
  if (hidden === undefined || !installedFits(JSON.parse(text), JSON.parse(hidden))) return false
  writeStamp(root)
  return true
}

// Under `npm start` npm names itself and its own node: the node of node_modules is about to be removed by npm ci.
function npmCommand() {
  const cli = process.env.npm_execpath
  if (cli?.endsWith(".js")) return [process.env.npm_node_execpath ?? process.execPath, cli]
  return [process.platform === "win32" ? "npm.cmd" : "npm"]
}

const nodeBinary = (root) => join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node")
const stampFile = (root) => join(root, "node_modules", ".waybill-installed")
const digest = (text) => createHash("sha256").update(text).digest("hex")
const writeStamp = (root) => writeFileSync(stampFile(root), digest(readFileSync(join(root, "package-lock.json"), "utf8")))

function read(file) {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

// Two starts in a fresh clone must not run npm ci over each other.
function takeTurn(file) {
  mkdirSync(join(file, ".."), { recursive: true })
  const deadline = Date.now() + LOCK_WAIT_MS_MAX
  for (;;) {
    try {
      const handle = openSync(file, "wx")
      writeSync(handle, String(process.pid))
      closeSync(handle)
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (error.code !== "EEXIST") throw error
    }
    if (Date.now() > deadline || !isAlive(Number(read(file)))) rmSync(file, { force: true })
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS)
  }
}

function isAlive(pid) {
  // A file without a number was made an instant ago: its writer lives.
  if (!Number.isInteger(pid) || pid <= 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === "EPERM"
  }
}
