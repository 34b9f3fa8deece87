import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fail } from "./lib/fail.mjs"
import { parseOptions } from "./lib/options.ts"
import { root } from "./lib/paths.mjs"
import { bin, run } from "./lib/run.ts"
import { namesOf } from "./new-domain/names.ts"
import { filesOf } from "./new-domain/templates.ts"

const help = `
npm run new-domain NAME
    Makes the folder of a domain with its tests and its migration. NAME is kebab-case: field-sales.
`

const { positionals } = parseOptions({ help, options: {}, positionals: true })
if (positionals.length !== 1) fail("one name is needed: npm run new-domain NAME", 2)
const names = namesOf(positionals[0] ?? "")
if (names === undefined) fail("a domain's name is kebab-case, such as field-sales", 2)

const files = filesOf(names, nextMigration())
const taken = [`src/domains/${names.kebab}`, `test/domains/${names.kebab}`, ...Object.keys(files)].find((path) =>
  existsSync(join(root, path)),
)
if (taken !== undefined) fail(`${taken} exists already; nothing was written`)

for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const formatted = Object.keys(files).filter((path) => !path.endsWith(".sql"))
await run(bin("biome"), ["check", "--write", "--config-path=scripts/biome.json", ...formatted])

process.stdout.write(`${Object.keys(files).join("\n")}

Next: its permissions in src/platform/auth/permissions.ts (and roles.ts beside it), its tag in
src/domains/tags.ts, one line in src/domains/endpoints.ts, one for each event in
src/domains/notifications/topics-of-house.ts, one for each route in test/security/tenant-fixtures.ts
and least-roles.ts. Then npm run check.
`)

function nextMigration(): string {
  const last = Math.max(0, ...readdirSync(join(root, "migrations")).map((file) => Number.parseInt(file, 10) || 0))
  return String(last + 1).padStart(4, "0")
}
