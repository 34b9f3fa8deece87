import { bin, type Ran, run } from "./run.ts"

type Check = { readonly name: string; readonly fix: string; readonly run: () => Promise<Ran> }

/** What `npm run check` holds. All four read only, so they may run side by side. */
const checks: readonly Check[] = [
  { name: "format", fix: "npm run format", run: () => run(bin("biome"), ["check", "--config-path=scripts/biome.json", "--colors=off"]) },
  { name: "lint", fix: "see above", run: () => run(bin("oxlint"), ["--config=scripts/oxlint.json", "--type-aware", "--deny-warnings"]) },
  {
    name: "types",
    fix: "see above",
    run: () => run(bin("tsc"), ["--project", ".", "--incremental", "--tsBuildInfoFile", ".build/tsc.json"]),
  },
  {
    name: "architecture",
    fix: "see above",
    run: () => run(bin("vitest"), ["run", "--config=test/vitest.node.config.ts", "--reporter=dot", "test/node/architecture/"]),
  },
]

/** Runs all checks at once, one line each as it ends; what a failing one said comes before its line. Returns the names of those that failed. */
export async function runChecks(say: (line: string) => void): Promise<readonly string[]> {
  const failed = await Promise.all(
    checks.map(async (check) => {
      const { code, output, ms } = await check.run()
      if (code !== 0) say(output.trimEnd())
      say(`${code === 0 ? "ok  " : "FAIL"} ${check.name.padEnd(13)} ${(ms / 1000).toFixed(1)} s${code === 0 ? "" : `  (${check.fix})`}`)
      return code === 0 ? [] : [check.name]
    }),
  )
  return failed.flat()
}
