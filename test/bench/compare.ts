import { type BuiltServer } from "../support/server/built-server.ts"
import { assertMeasurable, ensureLargeWorld, signingKeys, startBenchServer, type WorldOptions } from "./bench-server.ts"
import type { Recording } from "./floor.ts"
import { type Footprint, footprint, footprintGoals } from "./footprint.ts"
import { atLeast, type Goal } from "./goals.ts"
import { type HelloBeside, helloBesideSignIns, helloGoal } from "./hello.ts"
import { fire, type Load, memoryMiB, type Shot, together, type Volley } from "./measure.ts"
import { averageCost, costOf, type Result, ratioGoal } from "./report.ts"
import { type Scenario, type ScenarioName, type Stage, scenariosOf } from "./scenarios.ts"
import { prepareStage } from "./stage.ts"
import type { Tell } from "./tell.ts"
import { Wallet } from "./wallet.ts"

export type CompareOptions = WorldOptions & {
  readonly seconds: number
  readonly turns: number
  readonly connections: number
  readonly only: readonly ScenarioName[]
}

export type Comparison = {
  readonly results: readonly Result[]
  readonly footprint: Footprint
  readonly hello: HelloBeside
  readonly memory: { readonly beforeMiB: number; readonly afterMiB: number }
  readonly goals: readonly Goal[]
}

const warmUpSeconds = 2

/** A sign-in takes long and few are done at once: a p99 needs more than a moment of them. */
const helloSecondsMin = 15

/** Accepting is done once an order: about what the measurement can take, for API and floor each. */
const pendingFor = ({ seconds, only }: CompareOptions): number =>
  only.includes("accept") ? Math.min(20_000, Math.max(200, seconds * 300)) : 50

/** Each scenario on the API and on its floor, by turns; then what is measured once. */
export async function compare(options: CompareOptions, tell: Tell): Promise<Comparison> {
  assertMeasurable()
  const size = footprint(tell)
  await ensureLargeWorld(options, tell)
  tell.step("starting the server")
  const server = await startBenchServer(options.state)
  try {
    const stage = await prepareStage(server.url, new Wallet(signingKeys), pendingFor(options), tell)
    const beforeMiB = memoryMiB(server.workerdPid)
    const results = await compareAll(server, stage, options, tell)
    tell.step("hello beside sign-ins")
    const { url, workerdPid } = server
    const hello = await helloBesideSignIns({ url, workerdPid, seconds: Math.max(options.seconds, helloSecondsMin) }, stage.account)
    return {
      results,
      footprint: size,
      hello,
      memory: { beforeMiB, afterMiB: memoryMiB(workerdPid) },
      goals: [
        ...footprintGoals(size),
        helloGoal(hello),
        ...results.map(({ scenario, ratio }) => atLeast(`${scenario}: ratio to its floor`, ratio, ratioGoal)),
      ],
    }
  } finally {
    await server.stop()
  }
}

async function compareAll(server: BuiltServer, stage: Stage, options: CompareOptions, tell: Tell): Promise<Result[]> {
  const scenarios = scenariosOf(stage).filter(({ name }) => options.only.includes(name))
  const results: Result[] = []
  for (const [index, scenario] of scenarios.entries()) {
    await stage.wallet.renew()
    const place = `${index + 1}/${scenarios.length} ${scenario.name}`
    const result = await compareOne(server, scenario, options, (what) => tell.step(`${place}: ${what}`))
    results.push(result)
    tell.line(`${place}: ${result.api.requestsPerSecond.toFixed(0)} req/s, ${result.ratio.toFixed(2)} of its floor`)
  }
  return results
}

/** Turns change who goes first, so that whatever the machine does meanwhile meets both alike. */
async function compareOne(
  server: BuiltServer,
  scenario: Scenario,
  { seconds, turns, connections }: CompareOptions,
  step: (what: string) => void,
): Promise<Result> {
  step("recording what its floor repeats")
  const recorded = await recordingsOf(server.url, scenario)
  const floorShot = await keepFloor(server.url, scenario, recorded)
  const load: Load = {
    url: server.url,
    workerdPid: server.workerdPid,
    connections: Math.min(connections, scenario.connections ?? connections),
    seconds: seconds / turns,
    ...(scenario.pool === undefined ? {} : { amount: Math.floor(scenario.pool.size / turns) }),
  }
  const api = { who: "API", next: scenario.next, volleys: [] as Volley[] }
  const floor = { who: "floor", next: floorShot, volleys: [] as Volley[] }
  if (scenario.pool === undefined) {
    for (const { who, next } of [api, floor]) {
      step(`warming up, ${who}`)
      await fire({ ...load, seconds: warmUpSeconds }, next)
    }
  }
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { who, next, volleys } of turn % 2 === 0 ? [api, floor] : [floor, api]) {
      step(`turn ${turn + 1}/${turns}, ${who}`)
      volleys.push(await fire(load, next))
    }
  }
  const measured = { api: together(api.volleys), floor: together(floor.volleys) }
  return {
    scenario: scenario.name,
    what: scenario.what,
    ...measured,
    ratio: measured.api.requestsPerSecond / Math.max(1, measured.floor.requestsPerSecond),
    ratioByTurn: api.volleys.map((one, turn) => perSecond(one) / Math.max(1, perSecond(floor.volleys[turn]))),
    ...averageCost(recorded.map(({ timing }) => costOf(timing))),
  }
}

const perSecond = (volley: Volley | undefined): number => (volley === undefined ? 0 : together([volley]).requestsPerSecond)

type Recorded = { readonly status: number; readonly timing: string | null; readonly recording: Recording }

async function recordingsOf(url: string, scenario: Scenario): Promise<Recorded[]> {
  const recorded: Recorded[] = []
  for (let index = 0; index < scenario.recordings; index += 1) {
    const answer = await fetch(`${url}/__floor/record`, { method: "POST", body: JSON.stringify(scenario.next()) })
    const one = (await answer.json()) as Recorded
    if (one.status >= 300) throw new Error(`${scenario.name}: the API answers ${one.status}`)
    recorded.push(one)
  }
  return recorded
}

/** Hands the recordings to the floor. @returns how to ask for the next of them. */
async function keepFloor(url: string, scenario: Scenario, recorded: readonly Recorded[]): Promise<() => Shot> {
  const path = `/__floor/kept/${encodeURIComponent(scenario.name)}`
  const body = JSON.stringify({ recordings: recorded.map(({ recording }) => recording), hashes: scenario.hashes === true })
  const kept = await fetch(url + path, { method: "PUT", body })
  if (!kept.ok) throw new Error(`${scenario.name}: the floor answers ${kept.status}`)
  let asked = 0
  return () => {
    const order = scenario.pool?.floorOrders[asked]
    asked += 1
    return { method: "GET", path: `${path}${order === undefined ? "" : `?order=${order}`}`, headers: {} }
  }
}
