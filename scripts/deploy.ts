import { randomBytes } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { resourcesOf, withDatabaseId } from "./deploy/config.ts"
import { prepareDocsAssets } from "./lib/docs-assets.mjs"
import { fail } from "./lib/fail.mjs"
import { parseOptions } from "./lib/options.ts"
import { root } from "./lib/paths.mjs"
import { reason, wrangler } from "./lib/wrangler.ts"

const help = `
npm run deploy [-- --dry-run]
    Makes what is missing at Cloudflare (database, bucket, queues, the signing key), migrates and deploys.

  --dry-run    build the bundle into .build/dist and print its size; offline, nothing is deployed
`

const BUNDLE_GZIP_BYTES_MAX = 3 * 1024 * 1024

const options = parseOptions({ help, options: { "dry-run": { type: "boolean" } } })
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const tomlFile = join(root, "wrangler.toml")

prepareDocsAssets(root)
if (options.flag("dry-run")) dryRun()
else deploy()

function dryRun(): void {
  const outdir = join(root, ".build", "dist")
  rmSync(outdir, { recursive: true, force: true })
  must("the bundle could not be built", ["deploy", "--env=", "--dry-run", `--outdir=${outdir}`])
  const files = readdirSync(outdir).filter((name) => name.endsWith(".js"))
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(outdir, name))).length, 0)
  say(`bundle: ${kib(bytes)} KiB gzipped of at most ${kib(BUNDLE_GZIP_BYTES_MAX)} KiB, in .build/dist; nothing was deployed`)
  if (bytes > BUNDLE_GZIP_BYTES_MAX) fail("the bundle is larger than Cloudflare's free plan takes")
}

function deploy(): void {
  if (!wrangler(["whoami", "--json"]).ok) fail("not signed in to Cloudflare: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN")
  const resources = resourcesOf(readFileSync(tomlFile, "utf8"))
  const id = databaseId(resources.database.name)
  if (id !== resources.database.id) {
    writeFileSync(tomlFile, withDatabaseId(readFileSync(tomlFile, "utf8"), id))
    say(`wrangler.toml  names the database ${id}: commit that line`)
  }
  for (const bucket of resources.buckets) ensure("bucket", bucket, ["r2", "bucket", "info", bucket], ["r2", "bucket", "create", bucket])
  for (const queue of resources.queues) ensure("queue", queue, ["queues", "info", queue], ["queues", "create", queue])
  must("the database could not be migrated", ["d1", "migrations", "apply", "DB", "--env=", "--remote"])
  say("migrations     applied")
  const { stdout } = withNewSecrets(resources.worker, (args) => must("the deployment failed", ["deploy", "--env=", ...args]))
  say(`deployed       ${/https:\/\/\S+\.workers\.dev/.exec(stdout)?.[0] ?? resources.worker}`)
  say("next           npm run create-superadmin -- --remote --email=you@example.com")
}

function databaseId(name: string): string {
  const known = findDatabase(name)
  if (known !== undefined) return known
  must(`the database ${name} could not be created`, ["d1", "create", name])
  say(`database       ${name} created`)
  return findDatabase(name) ?? fail(`the database ${name} was created but is not listed; run this again`)
}

function findDatabase(name: string): string | undefined {
  const { stdout } = must("the databases could not be listed", ["d1", "list", "--json"])
  const listed = JSON.parse(stdout.slice(stdout.indexOf("["))) as ReadonlyArray<{ readonly name: string; readonly uuid: string }>
  return listed.find((database) => database.name === name)?.uuid
}

function ensure(kind: string, name: string, look: readonly string[], make: readonly string[]): void {
  if (wrangler(look).ok) return
  must(`the ${kind} ${name} could not be created`, make)
  say(`${kind.padEnd(14)} ${name} created`)
}

/** Deploys with a fresh signing key when the Worker has none yet, so that its first version can already sign. */
function withNewSecrets<T>(worker: string, deployWith: (args: readonly string[]) => T): T {
  // A Worker that does not exist yet has no secrets either: wrangler then fails.
  const { ok, stdout } = wrangler(["secret", "list", "--env=", `--name=${worker}`])
  if (ok && stdout.includes('"JWT_KEYS"')) return deployWith([])
  const directory = mkdtempSync(join(tmpdir(), "waybill-"))
  try {
    const file = join(directory, "secrets.json")
    const kid = `k${new Date().toISOString().slice(0, 10).replaceAll("-", "")}`
    writeFileSync(file, JSON.stringify({ JWT_KEYS: `${kid}:${randomBytes(48).toString("base64url")}` }), { mode: 0o600 })
    const result = deployWith([`--secrets-file=${file}`])
    say("secret         JWT_KEYS made")
    return result
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function must(problem: string, args: readonly string[]): ReturnType<typeof wrangler> {
  const done = wrangler(args)
  return done.ok ? done : fail(`${problem}: ${reason(done)}`)
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(0)
}
