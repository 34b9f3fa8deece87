import type { BuiltServer } from "../support/server/built-server.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import { assertMeasurable, ensureLargeWorld, signingKeys, startBenchServer, type WorldOptions } from "./bench-server.ts"
import { converse, floorMessagesOf, messagesOf, recordMessages } from "./chat.ts"
import type { Recording } from "./floor.ts"
import { type Footprint, footprint, footprintGoals } from "./footprint.ts"
import { atLeast, type Goal } from "./goals.ts"
import { type HelloBeside, helloBesideSignIns, helloGoal } from "./hello.ts"
import { floorImporting, type ImportBeside, importBesideOrders, importGoal, importing, recordImport, rowsATurn } from "./import.ts"
import { fire, type Load, memoryMiB, type Shot, together, type Volley } from "./measure.ts"
import { averageCost, costOf, type RequestCost, type Result, ratioGoal } from "./report.ts"
import { type Scenario, type ScenarioName, type Stage, scenariosOf } from "./scenarios.ts"
import { clearFiles, openImportShop, type PendingEach, prepareStage } from "./stage.ts"
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
  /** Where the import was among what was measured. */
  readonly imports: readonly ImportBeside[]
  readonly memory: { readonly beforeMiB: number; readonly afterMiB: number }
  readonly goals: readonly Goal[]
}

const warmUpSeconds = 2

/** A sign-in takes long and few are done at once: a p99 needs more than a moment of them. */
const helloSecondsMin = 15

/** Accepting is done once an order: about what the measurement can take, for API and floor each. */
const pendingFor = ({ seconds, only }: CompareOptions): PendingEach => {
  const each = (name: ScenarioName) => (only.includes(name) ? Math.min(20_000, Math.max(200, seconds * 300)) : 50)
  return { product: each("accept"), kit: each("accept kit") }
}

/** Each scenario on the API and on its floor, by turns; then what is measured once. */
export async function compare(options: CompareOptions, tell: Tell): Promise<Comparison> {
  assertMeasurable()
  const size = footprint(tell)
  await ensureLargeWorld(options, tell)
  const server = await startBenchServer(options.state, tell)
  try {
    const stage = await prepareStage(server.url, new Wallet(signingKeys), pendingFor(options), tell)
    const beforeMiB = memoryMiB(server.workerdPid)
    const results = await compareAll(server, stage, options, tell)
    tell.step("hello beside sign-ins")
    const { url, workerdPid } = server
    const hello = await helloBesideSignIns({ url, workerdPid, seconds: Math.max(options.seconds, helloSecondsMin) }, stage.account)
    if (options.only.includes("import")) tell.step("orders beside an import")
    const imports = options.only.includes("import") ? [await importBesideOrders(server)] : []
    await clearFiles(url)
    return {
      results,
      footprint: size,
      hello,
      imports,
      memory: { beforeMiB, afterMiB: memoryMiB(workerdPid) },
      goals: [
        ...footprintGoals(size),
        helloGoal(hello),
        ...imports.map(importGoal),
        ...results.map(({ scenario, ratio }) => atLeast(`${scenario}: ratio to its floor`, ratio, ratioGoal)),
      ],
    }
  } finally {
    await server.stop()
  }
}

type Step = (what: string) => void

/** The API and its floor, ready to be fired at by turns. */
type Contest = {
  readonly scenario: ScenarioName
  readonly what: string
  readonly api: (load: Load) => Promise<Volley>
  readonly floor: (load: Load) => Promise<Volley>
  readonly cost: RequestCost
  readonly connections?: number | undefined
  /** For work that can be done once a thing: how many there are. */
  readonly poolSize?: number | undefined
}

async function compareAll(server: BuiltServer, stage: Stage, options: CompareOptions, tell: Tell): Promise<Result[]> {
  const { url } = server
  const requests = scenariosOf(stage).map((scenario) => ({
    name: scenario.name,
    prepare: (step: Step) => requestContest(url, scenario, step),
  }))
  const messages = { name: "chat message", prepare: (step: Step) => messageContest(url, stage, options.connections, step) } as const
  const imports = { name: "import", prepare: (step: Step) => importContest(server, step) } as const
  const scenarios = [...requests, messages, imports].filter(({ name }) => options.only.includes(name))
  const results: Result[] = []
  for (const [index, { name, prepare }] of scenarios.entries()) {
    await stage.wallet.renew()
    const place = `${index + 1}/${scenarios.length} ${name}`
    const step: Step = (what) => tell.step(`${place}: ${what}`)
    const result = await compareOne(server, await prepare(step), options, step)
    results.push(result)
    tell.line(`${place}: ${result.api.requestsPerSecond.toFixed(0)} req/s, ${result.ratio.toFixed(2)} of its floor`)
  }
  return results
}

async function requestContest(url: string, scenario: Scenario, step: Step): Promise<Contest> {
  step("recording what its floor repeats")
  const recorded = await recordingsOf(url, scenario)
  const path = await keepFloor(
    url,
    scenario,
    recorded.map(({ recording }) => recording),
  )
  const floorShot = floorShotsOf(path, scenario)
  return {
    scenario: scenario.name,
    what: scenario.what,
    api: (load) => fire(load, scenario.next),
    floor: (load) => fire(load, floorShot),
    cost: averageCost(recorded.map(({ timing }) => costOf(timing))),
    connections: scenario.connections,
    poolSize: scenario.pool?.size,
  }
}

async function messageContest(url: string, stage: Stage, connections: number, step: Step): Promise<Contest> {
  step("recording what its floor repeats")
  const recordings = await recordMessages(url, stage, connections)
  const path = await keepFloor(url, { name: "chat message" }, recordings)
  return {
    scenario: "chat message",
    what: "each sends again once it is acknowledged",
    api: (load) => converse(load, messagesOf(url, stage, connections)),
    floor: (load) => converse(load, floorMessagesOf(url, path, recordings)),
    cost: averageCost(
      recordings.map(({ batches, sends }) => ({ d1Trips: batches.length, rowsRead: 0, rowsWritten: 0, objectCalls: sends.length })),
    ),
  }
}

async function importContest(server: BuiltServer, step: Step): Promise<Contest> {
  step("recording what its floor repeats")
  const shop = await openImportShop(server.url)
  const recording = await recordImport(server, shop)
  const path = await keepFloor(server.url, { name: "import" }, [recording])
  return {
    scenario: "import",
    what: `rows of a file of ${rowsATurn} new products`,
    api: importing(server, shop),
    floor: floorImporting(server.url, path),
    cost: { d1Trips: recording.batches.length, rowsRead: 0, rowsWritten: 0, objectCalls: recording.calls.length },
    connections: 1,
  }
}

/** Turns change who goes first, so that whatever the machine does meanwhile meets both alike. */
async function compareOne(
  server: BuiltServer,
  contest: Contest,
  { seconds, turns, connections }: CompareOptions,
  step: Step,
): Promise<Result> {
  const load: Load = {
    url: server.url,
    workerdPid: server.workerdPid,
    connections: Math.min(connections, contest.connections ?? connections),
    seconds: seconds / turns,
    ...(contest.poolSize === undefined ? {} : { amount: Math.floor(contest.poolSize / turns) }),
  }
  const api = { who: "API", shoot: contest.api, volleys: [] as Volley[] }
  const floor = { who: "floor", shoot: contest.floor, volleys: [] as Volley[] }
  if (contest.poolSize === undefined) {
    for (const { who, shoot } of [api, floor]) {
      step(`warming up, ${who}`)
      await shoot({ ...load, seconds: warmUpSeconds })
    }
  }
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { who, shoot, volleys } of turn % 2 === 0 ? [api, floor] : [floor, api]) {
      step(`turn ${turn + 1}/${turns}, ${who}`)
      volleys.push(await shoot(load))
    }
  }
  const measured = { api: together(api.volleys), floor: together(floor.volleys) }
  return {
    scenario: contest.scenario,
    what: contest.what,
    ...measured,
    ratio: measured.api.requestsPerSecond / Math.max(1, measured.floor.requestsPerSecond),
    ratioByTurn: api.volleys.map((one, turn) => perSecond(one) / Math.max(1, perSecond(floor.volleys[turn]))),
    ...contest.cost,
  }
}

const perSecond = (volley: Volley | undefined): number => (volley === undefined ? 0 : together([volley]).requestsPerSecond)

type Recorded = { readonly status: number; readonly timing: string | null; readonly recording: Recording }

async function recordingsOf(url: string, scenario: Scenario): Promise<Recorded[]> {
  const recorded: Recorded[] = []
  for (let index = 0; index < scenario.recordings; index += 1) {
    const answer = await fetchAgain(`${url}/__floor/record`, { method: "POST", body: recordable(scenario.next()) })
    const one = (await answer.json()) as Recorded
    if (one.status >= 300) throw new Error(`${scenario.name}: the API answers ${one.status}`)
    recorded.push(one)
  }
  return recorded
}

const recordable = ({ body, ...shot }: Shot): string =>
  JSON.stringify(typeof body === "object" ? { ...shot, bytes: body.toString("base64") } : { ...shot, body })

/** Hands the recordings to the floor. @returns where to ask for the next of them. */
async function keepFloor(url: string, scenario: Pick<Scenario, "name" | "hashes">, recordings: readonly Recording[]): Promise<string> {
  const path = `/__floor/kept/${encodeURIComponent(scenario.name)}`
  const body = JSON.stringify({ recordings, hashes: scenario.hashes === true })
  const kept = await fetchAgain(url + path, { method: "PUT", body })
  if (!kept.ok) throw new Error(`${scenario.name}: the floor answers ${kept.status}`)
  return path
}

function floorShotsOf(path: string, { pool, body }: Scenario): () => Shot {
  let asked = 0
  return () => {
    const order = pool?.floorOrders[asked]
    asked += 1
    if (body !== undefined) return { method: "POST", path, headers: {}, body }
    return { method: "GET", path: `${path}${order === undefined ? "" : `?order=${order}`}`, headers: {} }
  }
}
