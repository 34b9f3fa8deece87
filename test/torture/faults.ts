import type { Random } from "./random.ts"

/** How often each batch for D1, each of the queue's and each call to R2 meets which fate; what is left over goes well. */
export type FaultRates = {
  /** It never reaches D1, and the Worker hears of an error. */
  readonly refuse: number
  /** D1 carries it out, and the Worker hears of an error all the same. */
  readonly lose: number
  /** It takes a while. */
  readonly late: number
  /** It takes longer than anybody waits, and is carried out then. */
  readonly hang: number
  /** Of a batch of the queue: it is handed out twice, at once. */
  readonly twiceAtOnce: number
  /** The same, one after the other. */
  readonly twiceInTurn: number
  /** Of a batch of the queue: all of it is done, and the queue hears of an error. */
  readonly unheard: number
  /** Of a call to R2: it takes a while. */
  readonly slowFiles: number
}

/** Nothing fails: before the load, and after it. */
export const well: FaultRates = { refuse: 0, lose: 0, late: 0, hang: 0, twiceAtOnce: 0, twiceInTurn: 0, unheard: 0, slowFiles: 0 }
/** The queue and R2 in any weather of D1's: of the queue there is a batch a second, and so every short run has some of each. */
const around = { twiceAtOnce: 0.25, twiceInTurn: 0.25, unheard: 0.25, slowFiles: 0.5 }

/** What the counts of faults are called. */
export const faultNames = {
  refuse: "D1 batches refused",
  lose: "D1 batches lost",
  late: "D1 batches late",
  hang: "D1 batches hung",
  twiceAtOnce: "queue batches handed out twice at once",
  twiceInTurn: "queue batches handed out twice in turn",
  unheard: "queue batches done and thrown",
  slowFiles: "R2 calls slow",
} as const satisfies Record<keyof FaultRates, string>
const fates = Object.keys(faultNames) as ReadonlyArray<keyof FaultRates>

/** These faults alone, so that none of the others, a batch that hangs above all, holds them up. */
export const onlyThose = (isWanted: (name: string) => boolean): FaultRates | undefined => {
  const wanted = fates.filter((fate) => isWanted(faultNames[fate]))
  return wanted.length === 0 ? undefined : { ...well, ...Object.fromEntries(wanted.map((fate) => [fate, fate === "hang" ? 0.02 : 0.2])) }
}

/** What D1 is like for a while. */
export const weathers = {
  calm: { ...around, refuse: 0, lose: 0, late: 0, hang: 0 },
  errors: { ...around, refuse: 0.2, lose: 0.05, late: 0, hang: 0 },
  "lost answers": { ...around, refuse: 0, lose: 0.3, late: 0.1, hang: 0 },
  slow: { ...around, refuse: 0, lose: 0, late: 0.5, hang: 0.01 },
  timeouts: { ...around, refuse: 0.02, lose: 0.02, late: 0.2, hang: 0.06 },
  outage: { ...around, refuse: 1, lose: 0, late: 0, hang: 0 },
} as const satisfies Record<string, FaultRates>

export type Weather = keyof typeof weathers

/**
 * Which fate is next: each as often as its rate says, by turns rather than by chance (nginx's smooth weighted round
 * robin), so that a short spell has its share of all of them. Where the turns begin is random.
 */
export class Turns<Fate extends keyof FaultRates> {
  readonly #random: Random
  readonly #owed = new Map<Fate | undefined, number>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Of these fates, or undefined: it goes well. */
  next(rates: FaultRates, ...fates: readonly Fate[]): Fate | undefined {
    const some = fates.filter((fate) => rates[fate] > 0)
    const left = 1 - some.reduce((sum, fate) => sum + rates[fate], 0)
    for (const fate of some) this.#owe(fate, rates[fate])
    if (left > 0) this.#owe(undefined, left)
    const open: ReadonlyArray<Fate | undefined> = left > 0 ? [...some, undefined] : some
    const next = open.reduce((most, fate) => (this.#of(fate) > this.#of(most) ? fate : most), open[0])
    this.#owe(next, -1)
    return next
  }

  #of(fate: Fate | undefined): number {
    return this.#owed.get(fate) ?? 0
  }

  #owe(fate: Fate | undefined, more: number): void {
    this.#owed.set(fate, (this.#owed.get(fate) ?? this.#random.next()) + more)
  }
}

/** Whether batches come back as failed in this weather, rather than late. */
export const isFailing = ({ refuse, lose }: FaultRates): boolean => refuse + lose > 0
