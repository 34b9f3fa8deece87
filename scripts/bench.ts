import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { type Machine, thisMachine } from "../test/bench/bench-server.ts"
import { compare } from "../test/bench/compare.ts"
import { edge, edgeTable } from "../test/bench/edge.ts"
import { type Goal, goalTable } from "../test/bench/goals.ts"
import { importTable } from "../test/bench/import.ts"
import { profile, profileTable } from "../test/bench/profile.ts"
import { resultTable } from "../test/bench/report.ts"
import { scale, scalePage, scalePlot, scaleTable } from "../test/bench/scale.ts"
import { type ScenarioName, scenarioNames } from "../test/bench/scenarios.ts"
import { soak, soakTable } from "../test/bench/soak.ts"
import { tellOn } from "../test/bench/tell.ts"
import { fail } from "./lib/fail.mjs"
import { parseOptions, wholeNumber } from "./lib/options.ts"
import { root } from "./lib/paths.mjs"

const help = `
npm run bench [-- options]      How fast the API is, beside the floor of what it stands on; see test/bench/README.md

  without a mode    every scenario by turns with its floor; bundle, start-up, memory, hello beside sign-ins
  --soak[=MINUTES]  the mixed load for minutes (5), and whether workerd's memory stays flat
  --scale           the same reads on worlds of 1×, 10× and 100×; writes scale.md and scale.svg in test/bench
  --profile         where the processor's time goes in each scenario, by workerd's profiler
  --edge            what a user waits when database, objects and client are far apart

  --seconds=N       how long each scenario is measured, on the API and on its floor (8)
  --turns=N         in how many turns, API and floor one after the other (4)
  --connections=N   how many connections ask at once (32; with --soak 8, with --edge 2)
  --only=a,b        these scenarios alone: ${scenarioNames.slice(0, 5).join(", ")},
                    ${scenarioNames.slice(5).join(", ")}
  --d1-ms=N         with --edge: a round trip to D1 (40)
  --object-ms=N     with --edge: a round trip to an object (25)
  --client-ms=N     with --edge: a round trip of the client to the Worker (20)
  --state=DIR       where the seeded world is kept between runs (.waybill/bench); one run at a time
  --fresh           seed the world anew
  --json FILE       everything as JSON, too
  --check           end with 1 when a goal is not met
`

const modes = ["soak", "scale", "edge", "profile"] as const

/** `--soak` alone is five minutes. */
const args = process.argv.slice(2).map((arg: string) => (arg === "--soak" ? "--soak=5" : arg))
const options = parseOptions(
  {
    help,
    options: {
      soak: { type: "string" },
      scale: { type: "boolean" },
      edge: { type: "boolean" },
      profile: { type: "boolean" },
      seconds: { type: "string", default: "8" },
      turns: { type: "string", default: "4" },
      connections: { type: "string" },
      only: { type: "string" },
      "d1-ms": { type: "string" },
      "object-ms": { type: "string" },
      "client-ms": { type: "string" },
      state: { type: "string" },
      fresh: { type: "boolean" },
      json: { type: "string" },
      check: { type: "boolean" },
    },
  },
  args,
)

const chosen = modes.filter((mode) => options.flag(mode) || options.text(mode) !== undefined)
if (chosen.length > 1) fail(`one of ${chosen.map((mode) => `--${mode}`).join(" and ")}, not both`, 2)
const mode = chosen[0] ?? "compare"
const usualConnections = { compare: "32", soak: "8", scale: "32", edge: "2", profile: "32" } as const
const given = (path: string): string => resolve(process.env["INIT_CWD"] ?? process.cwd(), path)
const state = options.text("state")
const common = {
  state: state === undefined ? join(root, ".waybill", "bench") : given(state),
  isFresh: options.flag("fresh"),
  seconds: wholeNumber("seconds", options.text("seconds"), 1, 600),
  turns: wholeNumber("turns", options.text("turns"), 1, 20),
  connections: wholeNumber("connections", options.text("connections") ?? usualConnections[mode], 1, 512),
  only: scenariosNamed(options.text("only")),
}
const minutes = mode === "soak" ? wholeNumber("soak", options.text("soak"), 1, 1_440) : 0
const geography = { d1Ms: distance("d1-ms", "40"), objectMs: distance("object-ms", "25"), clientMs: distance("client-ms", "20") }
const tell = tellOn(process.stderr)

function scenariosNamed(text: string | undefined): readonly ScenarioName[] {
  if (text === undefined) return scenarioNames
  return text.split(",").map((part) => {
    const name = scenarioNames.find((known) => known === part.trim())
    return name ?? fail(`--only: there is no scenario ${part.trim()} (${scenarioNames.join(", ")})`, 2)
  })
}

function distance(name: string, otherwise: string): number {
  const text = options.text(name)
  if (text !== undefined && mode !== "edge") fail(`--${name} goes with --edge`, 2)
  return wholeNumber(name, text ?? otherwise, 0, 5_000)
}

/** What a mode found: for the terminal, for --json, for --check. */
type Outcome = { readonly tables: readonly string[]; readonly data: object; readonly goals: readonly Goal[] }

async function run(machine: Machine): Promise<Outcome> {
  const { cpu, cores } = machine
  const on = `${cpu}, ${cores} cores`
  switch (mode) {
    case "soak": {
      const data = await soak({ ...common, minutes }, tell)
      return { tables: [soakTable(data), `${on}; ${common.connections} connections, ${minutes} min`], data, goals: data.goals }
    }
    case "scale": {
      const data = await scale(tell)
      const folder = fileURLToPath(new URL("../test/bench/", import.meta.url))
      writeFileSync(join(folder, "scale.md"), scalePage(data))
      writeFileSync(join(folder, "scale.svg"), scalePlot(data))
      return { tables: [scaleTable(data), `${on}; kept as test/bench/scale.md and scale.svg`], data, goals: data.goals }
    }
    case "edge": {
      const results = await edge({ ...common, geography }, tell)
      const { d1Ms, objectMs, clientMs } = geography
      const where = `round trips: D1 ${d1Ms} ms, objects ${objectMs} ms, client ${clientMs} ms`
      return { tables: [edgeTable(results), `${on}; ${common.connections} connections; ${where}`], data: { geography, results }, goals: [] }
    }
    case "profile": {
      const profiled = await profile(common, tell)
      return { tables: profiled.map(profileTable), data: { profiled }, goals: [] }
    }
    case "compare": {
      const data = await compare(common, tell)
      const { beforeMiB, afterMiB } = data.memory
      const memory = `workerd's memory ${beforeMiB.toFixed(0)} MiB before, ${afterMiB.toFixed(0)} after`
      const how = `${common.connections} connections, ${common.seconds} s in ${common.turns} turns; ${memory}`
      const tables = [resultTable(data.results), `${on}; ${how}`, ...data.imports.map(importTable)]
      return { tables, data, goals: data.goals }
    }
  }
}

async function main(): Promise<void> {
  const machine = thisMachine()
  const { tables, data, goals } = await run(machine)
  tell.end()
  const shown = goals.length === 0 ? tables : [...tables, goalTable(goals)]
  process.stdout.write(`${shown.join("\n\n")}\n`)
  const file = options.text("json")
  if (file !== undefined) writeFileSync(given(file), `${JSON.stringify({ mode, machine, options: common, ...data }, null, 2)}\n`)
  const short = goals.filter(({ isMet }) => !isMet)
  if (options.flag("check") && short.length > 0) fail(`${short.length} of ${goals.length} goals not met`)
}

// Its server must not outlive it: what runs at exit kills that.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130))

try {
  await main()
} catch (error) {
  tell.end()
  fail(`the benchmark could not run: ${error instanceof Error ? error.message : String(error)}`)
}
