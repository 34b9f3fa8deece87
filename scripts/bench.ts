import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Recording } from "../test/bench/floor.ts"
import { measure, memoryMiB } from "../test/bench/measure.ts"
import { costOf, type Machine, type Result, resultTable } from "../test/bench/report.ts"
import { type Scenario, type Stage, scenariosOf } from "../test/bench/scenarios.ts"
import { prepareStage } from "../test/bench/stage.ts"
import { readJson } from "../test/bench/world.ts"
import { type BuiltServer, startBuiltServer } from "../test/support/server/built-server.ts"
import { fail } from "./lib/fail.mjs"
import { parseOptions, wholeNumber } from "./lib/options.ts"
import { root } from "./lib/paths.mjs"

const help = `
npm run bench [-- options]      how fast the API is, beside the floor of what it stands on

  --seconds=N       how long each measurement lasts (8)
  --connections=N   how many connections ask at once (32)
  --only=a,b        these scenarios alone, by their names
  --state=DIR       where the seeded world is kept between runs (.waybill/bench)
  --json=FILE       the results as JSON, too
  --fresh           seed the world anew
`

const options = parseOptions({
  help,
  options: {
    seconds: { type: "string", default: "8" },
    connections: { type: "string", default: "32" },
    only: { type: "string" },
    state: { type: "string" },
    json: { type: "string" },
    fresh: { type: "boolean" },
  },
})

const seconds = wholeNumber("seconds", options.text("seconds"), 1, 600)
const connections = wholeNumber("connections", options.text("connections"), 1, 512)
const only = options.text("only")?.split(",")
const state = options.text("state") ?? join(root, ".waybill", "bench")
const signingKeys = [{ kid: "bench", secret: "a-key-for-the-benchmark-alone-0000000000" }]
const warmUpSeconds = 2
/** Accepting is done once an order: about what the measurement can take, for API and floor each. */
const pendingEach = only === undefined || only.includes("accept") ? Math.min(20_000, seconds * 700) : 50

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function start(): Promise<BuiltServer> {
  return startBuiltServer({
    state,
    wrapper: fileURLToPath(new URL("../test/bench/bench-worker.ts", import.meta.url)),
    vars: { JWT_KEYS: signingKeys.map(({ kid, secret }) => `${kid}:${secret}`).join(","), RATE_SIGN_IN_LIMIT: "1000000" },
  })
}

function seedWorld(url: string): void {
  say("seeding the large world (a few minutes, once)")
  const seeded = spawnSync(process.execPath, ["--no-warnings", join(root, "scripts", "seed.ts"), "--size=large", `--base=${url}`], {
    stdio: ["ignore", "inherit", "inherit"],
  })
  if (seeded.status !== 0) fail("the world could not be seeded")
}

type Recorded = { status: number; timing: string | null; recording: Recording }

async function recordingsOf(url: string, scenario: Scenario): Promise<Recorded[]> {
  const recorded: Recorded[] = []
  for (let index = 0; index < scenario.recordings; index += 1) {
    const answer = await fetch(`${url}/__floor/record`, { method: "POST", body: JSON.stringify(scenario.next()) })
    const one = (await answer.json()) as Recorded
    if (one.status >= 300) fail(`${scenario.name}: the API answers ${one.status}`)
    recorded.push(one)
  }
  return recorded
}

const average = (values: readonly number[]): number =>
  Math.round(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length))

async function run(server: BuiltServer, scenario: Scenario, index: number): Promise<Result> {
  const { url, workerdPid } = server
  const recorded = await recordingsOf(url, scenario)
  const name = `s${index}`
  await fetch(`${url}/__floor/kept/${name}`, {
    method: "PUT",
    body: JSON.stringify({ recordings: recorded.map(({ recording }) => recording), hashes: scenario.hashes === true }),
  })
  let floored = 0
  const floorShot = () => {
    const order = scenario.pool?.floorOrders[floored]
    floored += 1
    return { method: "GET" as const, path: `/__floor/kept/${name}${order === undefined ? "" : `?order=${order}`}`, headers: {} }
  }
  const load = {
    url,
    connections: Math.min(connections, scenario.connections ?? connections),
    seconds,
    workerdPid,
    ...(scenario.pool === undefined ? {} : { amount: scenario.pool.size }),
  }
  if (scenario.pool === undefined) await measure({ ...load, seconds: warmUpSeconds }, scenario.next)
  const api = await measure(load, scenario.next)
  if (scenario.pool === undefined) await measure({ ...load, seconds: warmUpSeconds }, floorShot)
  const floor = await measure(load, floorShot)
  const costs = recorded.map(({ timing }) => costOf(timing))
  return {
    scenario: scenario.name,
    what: scenario.what,
    api,
    floor,
    ratio: api.requestsPerSecond / Math.max(1, floor.requestsPerSecond),
    d1Trips: average(costs.map(({ d1Trips }) => d1Trips)),
    rowsRead: average(costs.map(({ rowsRead }) => rowsRead)),
    rowsWritten: average(costs.map(({ rowsWritten }) => rowsWritten)),
    objectCalls: average(costs.map(({ objectCalls }) => objectCalls)),
  }
}

/** Orders to read one by one, each with a token of its buyer. */
async function readableOrders(url: string, { world }: Stage): Promise<Array<{ id: string; token: string }>> {
  const orders: Array<{ id: string; token: string }> = []
  for (const { token } of world.buyers.slice(0, 20)) {
    const { data } = await readJson<{ data: Array<{ id: string }> }>(url, "/orders/my-orders?limit=50&side=buyer", token)
    orders.push(...data.map(({ id }) => ({ id, token })))
  }
  return orders
}

async function main(): Promise<void> {
  const seededMark = join(state, "seeded-large")
  mkdirSync(state, { recursive: true })
  const server = await start()
  try {
    if (options.flag("fresh") || !existsSync(seededMark)) {
      seedWorld(server.url)
      writeFileSync(seededMark, "")
    }
    const account = { email: `bench-${Date.now()}@bench.test`, password: "a-password-for-the-benchmark" }
    const stage = await prepareStage(server.url, signingKeys, pendingEach, account, say)
    const scenarios = scenariosOf(stage, await readableOrders(server.url, stage)).filter(
      ({ name }) => only === undefined || only.includes(name),
    )
    if (scenarios.length === 0) fail("--only names no scenario", 2)
    const memoryBefore = memoryMiB(server.workerdPid)
    const results: Result[] = []
    for (const [index, scenario] of scenarios.entries()) {
      const result = await run(server, scenario, index)
      results.push(result)
      say(`${scenario.name}: ${result.api.requestsPerSecond.toFixed(0)} req/s, ${result.ratio.toFixed(2)} of its floor`)
    }
    const machine: Machine = {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      node: process.version,
      at: new Date().toISOString(),
    }
    const memory = { beforeMiB: Math.round(memoryBefore), afterMiB: Math.round(memoryMiB(server.workerdPid)) }
    process.stdout.write(
      `${resultTable(results)}\n\n${machine.cpu}, ${machine.cores} cores; ${connections} connections, ${seconds} s each; memory ${memory.beforeMiB} → ${memory.afterMiB} MiB\n`,
    )
    const file = options.text("json")
    if (file !== undefined) writeFileSync(file, JSON.stringify({ machine, connections, seconds, memory, results }, null, 2))
  } finally {
    await server.stop()
  }
}

await main()
