import { createHash } from "node:crypto"
import type { Weather } from "./faults.ts"
import { Random } from "./random.ts"
import { type WireKind, wiresPlanned } from "./wires.ts"

/** What a client may do at a step, by the part it plays. */
export type Operation =
  | "request link"
  | "place order"
  | "order kit"
  | "agree"
  | "cancel purchase"
  | "receive"
  | "accept"
  | "accept fewer"
  | "reject"
  | "deliver"
  | "fail delivery"
  | "complete weighed"
  | "complete"
  | "cancel sale"
  | "place for buyer"
  | "decide link"
  | "block link"
  | "unblock link"
  | "withdraw link"
  | "end link"
  | "set terms"
  | "create product"
  | "edit price"
  | "count stock"
  | "edit by ETag"
  | "edit against a rival"
  | "archive product"
  | "receive lot"
  | "move stock"
  | "receive transfer"
  | "correct movement"
  | "hold or release lot"
  | "recall lot"
  | "change kit"
  | "receive units"
  | "handle unit"
  | "list units"
  | "import products"
  | "import orders"
  | "share stock"
  | "hire"
  | "invite"
  | "assign roles"
  | "disable user"
  | "enable user"
  | "work as employee"
  | "create API key"
  | "refresh tokens"
  | "close or reopen"
  | "write in chat"
  | "upload"
  | "complain"
  | "reconcile"
  | "rebuild"
  | "read order"
  | "list orders"
  | "list links"
  | "catalog"
  | "trespass"

/** `lodger` and `lodger bot` work for an organization that `staff`, the platform's, closes and reopens. */
export type Part = "buyer" | "sales" | "manager" | "storekeeper" | "owner" | "bot" | "lodger" | "lodger bot" | "staff"

const habits: Readonly<Record<Part, Readonly<Partial<Record<Operation, number>>>>> = {
  buyer: {
    "place order": 34,
    "order kit": 8,
    agree: 8,
    "cancel purchase": 7,
    "import orders": 3,
    receive: 4,
    "complete weighed": 4,
    "request link": 8,
    "withdraw link": 2,
    "read order": 8,
    "list orders": 6,
    "list links": 2,
    catalog: 8,
    trespass: 4,
    "write in chat": 24,
    upload: 5,
    complain: 3,
  },
  sales: {
    accept: 28,
    "accept fewer": 10,
    reject: 5,
    deliver: 14,
    "fail delivery": 4,
    complete: 4,
    "complete weighed": 6,
    "cancel sale": 8,
    "place for buyer": 6,
    "decide link": 12,
    "end link": 1,
    "list orders": 12,
    "read order": 5,
    trespass: 2,
    "write in chat": 30,
    upload: 3,
  },
  manager: {
    "create product": 6,
    "edit price": 12,
    "count stock": 14,
    "edit by ETag": 8,
    "edit against a rival": 8,
    "archive product": 1,
    "change kit": 8,
    "block link": 4,
    "unblock link": 8,
    "decide link": 6,
    "set terms": 6,
    accept: 10,
    catalog: 6,
    "list orders": 5,
  },
  storekeeper: {
    "receive lot": 14,
    "move stock": 24,
    "receive transfer": 8,
    "correct movement": 5,
    "hold or release lot": 8,
    "recall lot": 8,
    "receive units": 10,
    "handle unit": 34,
    "list units": 4,
    deliver: 4,
  },
  owner: {
    "import products": 6,
    "share stock": 6,
    "create API key": 4,
    "refresh tokens": 3,
    hire: 6,
    invite: 2,
    "assign roles": 5,
    "disable user": 4,
    "enable user": 2,
    "work as employee": 24,
    "count stock": 8,
    "edit by ETag": 8,
    "unblock link": 4,
    "list orders": 6,
    accept: 6,
  },
  bot: { "count stock": 12, "edit price": 6, "edit by ETag": 6, deliver: 10, complete: 10, "list orders": 8 },
  lodger: { "create product": 3, "edit price": 10, "edit by ETag": 6, "create API key": 2, "share stock": 4, hire: 1, catalog: 6 },
  "lodger bot": { "count stock": 10, "edit price": 4, catalog: 4 },
  staff: { "close or reopen": 30, reconcile: 2, rebuild: 1, catalog: 4 },
}

/** How a client sends a command: well, twice at once, again soon or much later, or gone before the answer. */
export type Manner = {
  /** Cuts the connection so many milliseconds after sending. */
  readonly vanishesAfterMs: number | undefined
  /** Having vanished, never asks again: whether it was carried out, nobody knows. */
  readonly givesUp: boolean
  /** Sends of the same key at the same time, the first included. */
  readonly sends: number
  /** Sends the same key again, so many steps after it was answered. */
  readonly repeatsAfterSteps: number | undefined
  /** Sends the same key again, so many milliseconds after the first send has ended, even where that was answered. */
  readonly againAfterMs?: number
  /** Sends it over such a slow wire at first, whosever turn it is. */
  readonly over?: WireKind
}

/** This step and those after it, sent at once: `ranks` says which place the repeat of each has, `cutsAfterMs` when its first answer is cut off. */
export type Volley = { readonly ranks: readonly number[]; readonly cutsAfterMs: readonly number[] }

export type Step = {
  readonly operation: Operation
  readonly key: string
  readonly volley: Volley | undefined
  readonly picks: readonly [number, number, number, number]
  readonly pauseMs: number
  readonly manner: Manner
}

/** How D1's refusal of a row for good knows the row: by the end of the key that it carries. */
export const poison = "-poison"

const volleyStepsMax = 4

/** The repeats in any order but that of the sends. */
function volleyOf(random: Random): Volley {
  const size = 2 + Math.floor(random.next() * (volleyStepsMax - 1))
  const turn = 1 + Math.floor(random.next() * (size - 1))
  const turned = Array.from({ length: size }, (_, index) => (index + turn) % size)
  return {
    ranks: random.chance(0.5) ? turned : turned.map((_, index) => size - 1 - index),
    cutsAfterMs: turned.map(() => random.between(5, 80)),
  }
}

/** The endless steps of one client. They depend on the seed and on whose they are, never on what was answered. */
export function* stepsOf(seed: number, client: string, part: Part): Generator<Step, never> {
  const random = new Random(`${seed}`).fork(client)
  for (let count = 1; ; count += 1) {
    const operation = random.weighted(habits[part])
    const vanishes = random.chance(0.08)
    const vanishesAfterMs = random.between(0, 60)
    const givesUp = random.chance(0.3)
    const sends = random.chance(0.1) ? 2 + Math.floor(random.next() * 2) : 1
    const repeats = random.chance(0.08)
    const repeatsAfterSteps = 1 + Math.floor(random.between(0, 8))
    const volley = random.chance(0.04) ? volleyOf(random) : undefined
    yield {
      operation,
      key: `torture-${seed}-${client}-${count}${random.chance(0.02) ? poison : ""}`,
      volley: part === "staff" ? undefined : volley,
      picks: [random.next(), random.next(), random.next(), random.next()],
      pauseMs: random.between(0, 60),
      manner: {
        vanishesAfterMs: vanishes ? vanishesAfterMs : undefined,
        givesUp: vanishes && givesUp,
        sends,
        repeatsAfterSteps: repeats ? repeatsAfterSteps : undefined,
      },
    }
  }
}

export type Blow =
  | { readonly kind: "weather"; readonly atMs: number; readonly weather: Weather }
  /** `victim` points at a supplier's ledger. */
  | { readonly kind: "abort" | "evict"; readonly atMs: number; readonly victim: number }
  | { readonly kind: "kill"; readonly atMs: number; readonly downMs: number }

const weatherWeights: Readonly<Record<Weather, number>> = { calm: 3, errors: 3, "lost answers": 3, slow: 2, timeouts: 1, outage: 1 }

/** What befalls the server and when, in milliseconds from the start of the load. Half a minute has about three kills, any run one at least. */
export function blowsOf(seed: number, durationMs: number): readonly Blow[] {
  const random = new Random(`${seed}`)
  const blows: Blow[] = []
  const weather = random.fork("weather")
  // Of every weather a spell, short enough for all to have their turn; then by their weights.
  const due = Object.keys(weatherWeights) as Weather[]
  const shortMs = (durationMs * 0.9) / due.length
  for (let atMs = Math.min(weather.between(300, 1_500), shortMs); atMs < durationMs; ) {
    const isFirstRound = due.length > 0
    const next = due.splice(Math.floor(weather.next() * due.length), 1)[0] ?? weather.weighted(weatherWeights)
    blows.push({ kind: "weather", atMs, weather: next })
    const lastsMs = weather.between(1_200, 4_000)
    atMs += isFirstRound ? Math.min(lastsMs, shortMs) : lastsMs
  }
  const objects = random.fork("objects")
  for (let atMs = objects.between(300, 1_500); atMs < durationMs; atMs += objects.between(150, 1_800)) {
    blows.push({ kind: "abort", atMs, victim: objects.next() })
  }
  const rests = random.fork("rests")
  for (let atMs = rests.between(300, 1_500); atMs < durationMs; atMs += rests.between(300, 2_000)) {
    blows.push({ kind: "evict", atMs, victim: rests.next() })
  }
  const kills = random.fork("kills")
  const firstKill = Math.min(kills.between(2_500, 6_000), durationMs * 0.6)
  for (let atMs = firstKill; atMs < durationMs - 500; atMs += kills.between(6_000, 14_000)) {
    blows.push({ kind: "kill", atMs, downMs: kills.between(0, 600) })
  }
  return blows.sort((a, b) => a.atMs - b.atMs)
}

export type Cast = ReadonlyArray<{ readonly client: string; readonly part: Part }>

const stepsDigested = 500

/** A few letters that are equal when two runs had the same plan. */
export function digestOf(seed: number, durationMs: number, cast: Cast): string {
  const digest = createHash("sha256")
    .update(JSON.stringify(blowsOf(seed, durationMs)))
    .update(wiresPlanned(seed))
  for (const { client, part } of cast) {
    const steps = stepsOf(seed, client, part)
    for (let count = 0; count < stepsDigested; count += 1) digest.update(JSON.stringify(steps.next().value))
  }
  return digest.digest("hex").slice(0, 12)
}
