import { Random } from "./random.ts"

/** Beyond so many bytes and not before that time nothing passes for so long, once; undefined: while wires of its kind stand still. */
export type Stall = {
  readonly afterBytes: number
  readonly afterMs: number
  readonly forMs: number | undefined
  /** The bytes are counted from a request's body on. */
  readonly isInBody?: true
}

/** What befalls the bytes that go in one direction of a wire. */
type Course = {
  /** The first bytes that come together go in pieces: one of so many bytes, each next one a quarter longer, with a pause after each. */
  readonly pieces?: { readonly firstBytes: number; readonly pauseMs: number }
  readonly stall?: Stall
}

/** One connection's lot. Up is towards the server. */
export type Wire = {
  readonly up: Course
  readonly down: Course
  /** When either direction stalls the other does, too, and after that the wire is cut. */
  readonly isCut: boolean
}

/** The kinds of wires, and what the counts of what they did are called. */
export const wireNames = {
  trickling: "requests that came a few bytes at a time",
  sipping: "answers that were left unread for a while",
  hanging: "requests whose wire hung and was cut",
  inPieces: "chat sockets whose frames came in pieces",
  heldUp: "chat sockets whose frames were held up and came together",
  deaf: "chat sockets that did not read for seconds, then all",
  halfOpen: "chat sockets whose wire hung and was cut",
  halfSent: "requests held in their middle",
  halfRead: "answers held in their middle",
  silent: "chat sockets that stood still",
} as const
export type WireKind = keyof typeof wireNames

/** By turns, while there are faults. The other kinds stand still once all is well, so that it can be seen whom that holds up. */
export const turns = {
  requests: ["trickling", "sipping", "hanging"],
  sockets: ["inPieces", "heldUp", "deaf", "halfOpen"],
} as const satisfies Record<string, readonly WireKind[]>
export type Traffic = keyof typeof turns

/** One request in so many goes over a slow wire, one chat socket in so many. */
export const slowEvery: Readonly<Record<Traffic, number>> = { requests: 14, sockets: 2 }

/** What comes through of a body before it is held: less than the smallest has, and of a large answer the beginning. */
const wellBytes = { sent: 100, read: 500_000 } as const

function wireOf(random: Random, kind: WireKind): Wire {
  const pieces = { firstBytes: Math.ceil(random.between(0, 8)), pauseMs: random.between(2, 25) }
  const shortMs = random.between(200, 1_500)
  const longMs = random.between(1_500, 4_000)
  const afterBytes = Math.floor(random.between(20, 900))
  const afterMs = random.between(20, 800)
  const isHeardOf = random.chance(0.5)
  const onwards = { up: {}, down: {}, isCut: false }
  switch (kind) {
    case "trickling":
      return { ...onwards, up: { pieces, stall: { afterBytes, afterMs: 0, forMs: shortMs } } }
    case "sipping":
      return { ...onwards, down: { pieces, stall: { afterBytes: afterBytes - 20, afterMs: 0, forMs: shortMs } } }
    case "hanging": {
      // Half of them once the server has all of it, and its answer is on its way.
      const stall = { afterBytes: isHeardOf ? 0 : Math.min(afterBytes, 200), afterMs: 0, forMs: shortMs * 2 }
      return isHeardOf ? { up: {}, down: { stall }, isCut: true } : { up: { stall }, down: {}, isCut: true }
    }
    case "inPieces":
      return { ...onwards, up: { pieces }, down: { pieces } }
    case "heldUp":
      return { ...onwards, up: { stall: { afterBytes: 0, afterMs, forMs: longMs } } }
    case "deaf":
      return { ...onwards, down: { stall: { afterBytes: 0, afterMs, forMs: longMs } } }
    case "halfOpen": {
      const stall = { afterBytes: 0, afterMs, forMs: longMs }
      return { up: { stall }, down: { stall }, isCut: true }
    }
    case "halfSent":
      return { ...onwards, up: { stall: { afterBytes: wellBytes.sent, afterMs: 0, forMs: undefined, isInBody: true } } }
    case "halfRead":
      return { ...onwards, down: { stall: { afterBytes: wellBytes.read, afterMs: 0, forMs: undefined } } }
    case "silent":
      return {
        ...onwards,
        up: { stall: { afterBytes: 0, afterMs: 0, forMs: undefined } },
        down: { stall: { afterBytes: 0, afterMs: 0, forMs: undefined } },
      }
  }
}

/** The wires of a kind, in the order in which connections are made. */
export function* wiresOf(seed: number, kind: WireKind): Generator<Wire, never> {
  const random = new Random(`${seed}`).fork("wires").fork(kind)
  for (;;) yield wireOf(random, kind)
}

/** Which of the requests or sockets go over a slow wire, and over what kind. */
export function* routesOf(seed: number, traffic: Traffic): Generator<WireKind | undefined, never> {
  const random = new Random(`${seed}`).fork("routes").fork(traffic)
  const kinds = turns[traffic]
  const [before, first] = [Math.floor(random.between(0, slowEvery[traffic])), Math.floor(random.between(0, kinds.length))]
  for (let count = 1; ; count += 1) {
    const isSlow = (before + count) % slowEvery[traffic] === 0
    yield isSlow ? kinds[(first + Math.floor((before + count) / slowEvery[traffic])) % kinds.length] : undefined
  }
}

const wiresDigested = 200

/** Its part of the plan, as text for a digest. */
export function wiresPlanned(seed: number): string {
  const first = <T>(plan: Generator<T, never>): T[] => Array.from({ length: wiresDigested }, () => plan.next().value)
  const traffics = Object.keys(turns) as Traffic[]
  return JSON.stringify(
    traffics.flatMap((traffic) => [first(routesOf(seed, traffic)), ...turns[traffic].map((kind) => first(wiresOf(seed, kind)))]),
  )
}
