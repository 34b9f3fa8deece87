import { ensureLargeWorld, signingKeys, startBenchServer, type WorldOptions } from "./bench-server.ts"
import type { Distance } from "./distance.ts"
import { percentile, type Shot } from "./measure.ts"
import { averageCost, costOf, type RequestCost, table } from "./report.ts"
import { poolRecordings, type Scenario, type ScenarioName, scenariosOf } from "./scenarios.ts"
import { prepareStage, send } from "./stage.ts"
import type { Tell } from "./tell.ts"
import { Wallet } from "./wallet.ts"

/** Every distance is a round trip over a connection that is open already. */
export type Geography = Distance & { readonly clientMs: number }

export type EdgeOptions = WorldOptions & {
  readonly geography: Geography
  readonly seconds: number
  readonly connections: number
  readonly only: readonly ScenarioName[]
}

export type EdgeResult = {
  readonly scenario: string
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** What the round trips alone come to; the rest is work and waiting. */
  readonly distanceMs: number
  readonly failures: number
} & RequestCost

/** Asked before anything counts: the first to meet an object waits for it to wake. */
const warmUpRequests = 10

/** The round trips of a request, one after the other: the client's, then as many as Server-Timing counts. */
export const distanceOf = ({ d1Trips, objectCalls }: RequestCost, { clientMs, objectMs, d1Ms }: Geography): number =>
  clientMs + objectCalls * objectMs + d1Trips * d1Ms

/** What a user would wait, with D1, objects and the client as far apart as said. */
export async function edge(options: EdgeOptions, tell: Tell): Promise<EdgeResult[]> {
  await ensureLargeWorld(options, tell)
  const server = await startBenchServer(options.state, tell, options.geography)
  try {
    const each = (name: "accept" | "accept kit") =>
      options.only.includes(name) ? options.seconds * options.connections * 20 : poolRecordings + 1
    const pendingEach = { product: each("accept"), kit: each("accept kit") }
    const stage = await prepareStage(server.url, new Wallet(signingKeys), pendingEach, tell)
    const scenarios = scenariosOf(stage).filter(({ name }) => options.only.includes(name))
    const results: EdgeResult[] = []
    for (const [index, scenario] of scenarios.entries()) {
      await stage.wallet.renew()
      tell.step(`${index + 1}/${scenarios.length} ${scenario.name}: ${options.seconds} s`)
      results.push(await watch(server.url, scenario, options))
    }
    return results
  } finally {
    await server.stop()
  }
}

type Seen = { readonly tookMs: number; readonly cost: RequestCost; readonly isOk: boolean }

async function watch(url: string, scenario: Scenario, { geography, seconds, connections }: EdgeOptions): Promise<EdgeResult> {
  const { next, pool } = scenario
  let left = (pool?.size ?? Number.POSITIVE_INFINITY) - warmUpRequests
  for (let index = 0; index < warmUpRequests; index += 1) await seeFrom(url, next(), geography.clientMs)
  const seen: Seen[] = []
  const until = performance.now() + seconds * 1000
  const lane = async (): Promise<void> => {
    while (performance.now() < until && left > 0) {
      left -= 1
      seen.push(await seeFrom(url, next(), geography.clientMs))
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
  const sorted = seen.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  const cost = averageCost(seen.map((one) => one.cost))
  return {
    scenario: scenario.name,
    requests: seen.length,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    distanceMs: distanceOf(cost, geography),
    failures: seen.filter(({ isOk }) => !isOk).length,
    ...cost,
  }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** One request as its client sees it: half the distance before it is sent, half after the last byte. */
async function seeFrom(url: string, shot: Shot, clientMs: number): Promise<Seen> {
  const began = performance.now()
  await wait(clientMs / 2)
  const answer = await send(url, shot)
  await answer.arrayBuffer()
  await wait(clientMs / 2)
  return { tookMs: performance.now() - began, cost: costOf(answer.headers.get("server-timing")), isOk: answer.ok }
}

export const edgeTable = (results: readonly EdgeResult[]): string =>
  table(
    ["scenario", "p50 ms", "p99 ms", "of it distance", "D1 trips", "object calls", "requests", "failed"],
    results.map(({ scenario, p50Ms, p99Ms, distanceMs, d1Trips, objectCalls, requests, failures }) => [
      scenario,
      p50Ms.toFixed(0),
      p99Ms.toFixed(0),
      distanceMs.toFixed(0),
      String(d1Trips),
      String(objectCalls),
      String(requests),
      String(failures),
    ]),
  )
