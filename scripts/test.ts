import { spawnSync } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { runChecks } from "./lib/checks.ts"
import { root } from "./lib/paths.mjs"
import { closingLine, type Tally, tallyOf } from "./lib/report.ts"
import { bin } from "./lib/run.ts"

// `npm test` runs everything; `npm test -- ARGS` gives ARGS to vitest and runs what they choose, without checks and coverage.
const chosen = process.argv.slice(2)
const isWhole = chosen.length === 0
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const failedChecks = isWhole ? await runChecks(say) : []

const reportFile = join(root, ".build", "test-report.json")
rmSync(reportFile, { force: true })
const vitest = spawnSync(
  bin("vitest"),
  [
    "run",
    "--config=test/vitest.config.ts",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
    ...(isWhole ? ["--coverage.enabled"] : []),
    ...chosen,
  ],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
)

const ran = readTally()
// A crash, an error outside any test or too little coverage fails the run without failing a test.
const otherFailure = vitest.status !== 0 && ran.failed === 0 ? 1 : 0
const tally: Tally = { ...ran, failed: ran.failed + failedChecks.length + otherFailure }

if (failedChecks.length > 0) say(`checks that failed: ${failedChecks.join(", ")}`)
if (otherFailure > 0) say("vitest failed outside its tests: see above")
if (tally.passed === 0 && tally.failed === 0) say("no tests ran")
say(closingLine(tally))
process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0

function readTally(): Tally {
  try {
    return tallyOf(JSON.parse(readFileSync(reportFile, "utf8")) as Parameters<typeof tallyOf>[0])
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}
