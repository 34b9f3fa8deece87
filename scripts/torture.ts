import { randomInt } from "node:crypto"
import { writeFileSync } from "node:fs"
import { relative, resolve } from "node:path"
import { type TortureReport, torture } from "../test/torture/torture.ts"
import { fail } from "./lib/fail.mjs"
import { parseOptions, wholeNumber } from "./lib/options.ts"

const help = `
npm run torture -- [options]     Many clients, a database that fails, objects that vanish, kill -9; then the books.

  --seconds=N    how long (60)
  --minutes=N    the same in minutes
  --seed=N       the plan of operations, faults and kills; random and printed when not given
  --json FILE    the report as JSON, too

Ends with 1 and the first broken guarantee when there is one. test/torture/README.md says how to read it.
`

const options = parseOptions({
  help,
  options: { seconds: { type: "string" }, minutes: { type: "string" }, seed: { type: "string" }, json: { type: "string" } },
})
if (options.text("seconds") !== undefined && options.text("minutes") !== undefined) fail("either --seconds or --minutes, not both", 2)
const minutes = options.text("minutes")
const seconds =
  minutes === undefined
    ? wholeNumber("seconds", options.text("seconds") ?? "60", 1, 82_800)
    : wholeNumber("minutes", minutes, 1, 1_380) * 60
const seed = options.text("seed") === undefined ? randomInt(1, 1_000_000_000) : wholeNumber("seed", options.text("seed"), 0, 4_294_967_295)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

// Its server must not outlive it: what runs at exit kills that.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130))

try {
  const report = await torture({ seed, seconds, say })
  const file = options.text("json")
  if (file !== undefined) writeFileSync(resolve(process.env["INIT_CWD"] ?? process.cwd(), file), `${JSON.stringify(report, null, 2)}\n`)
  tell(report)
  process.exitCode = report.violation === null ? 0 : 1
} catch (error) {
  fail(`torture could not run (seed ${seed}): ${error instanceof Error ? error.message : String(error)}`)
}

function tell({ did, commands, verified, violation, kept, plan }: TortureReport): void {
  const table = (rows: ReadonlyArray<readonly [string, string | number]>): void => {
    for (const [name, value] of rows) say(`  ${String(value).padStart(9)}  ${name}`)
  }
  say("\nIt did")
  table(Object.entries(did).map(([name, count]) => [name, count]))
  say("\nCommands: acknowledged, refused, unknown to their client")
  table(Object.entries(commands).map(([kind, { acknowledged, refused, unknown }]) => [kind, `${acknowledged} ${refused} ${unknown}`]))
  say("\nIt verified")
  table(verified.map(({ name, checked }) => [name, checked]))
  if (violation === null) return say(`\nEvery guarantee held. Seed ${seed}, plan ${plan}.`)
  say(`\nBROKEN: ${violation}\n\nSeed ${seed}, plan ${plan}; again with: npm run torture -- --seconds=${seconds} --seed=${seed}`)
  if (kept !== null) say(`State and log: ${relative(process.cwd(), kept)}`)
}
