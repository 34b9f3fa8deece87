import { RefusalError } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

const queueMax = 16

/**
 * What the thread is left alone after a hash. scrypt runs on the isolate's one thread, and reading a request, handing it
 * to the Worker and writing its answer are each a round of the event loop: with no pause, each such round waits for a hash.
 */
const pauseMs = 10

/** How often who waits looks whether it is their turn. */
const lookMs = 5

/** A turn, or a place in the queue, that has been silent for so long belongs to a request that died. */
const deadMs = 2_000

type Place = { lookedAt: Instant }
type Turn = { readonly takenAt: Instant }

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * One hash at a time in an isolate, in the order of their coming; beyond a short queue it refuses.
 *
 * Who waits looks again and again, on a timer of its own. Nobody awaits a promise of another request: once that one's
 * client has hung up it may never be settled, and the gate would be shut for good.
 */
export class HashingGate {
  readonly #queue: Place[] = []
  readonly #clock: () => Instant
  #current: Turn | undefined

  constructor(clock: () => Instant = Date.now) {
    this.#clock = clock
  }

  /**
   * Runs the work in its turn. `keepAlive` holds the request open for the pause after it.
   * @throws RefusalError RATE_LIMITED when the queue is full.
   */
  async run<T>(work: () => Promise<T>, keepAlive: (work: Promise<unknown>) => void): Promise<T> {
    const turn = await this.#takeTurn()
    try {
      return await work()
    } finally {
      keepAlive(sleep(pauseMs).then(() => this.#leave(turn)))
    }
  }

  async #takeTurn(): Promise<Turn> {
    this.#forgetTheDead()
    if (this.#queue.length === 0 && this.#isFree()) return this.#take()
    if (this.#queue.length >= queueMax) {
      throw new RefusalError({
        code: "RATE_LIMITED",
        detail: "Too many people are signing in right now; try again in a second.",
        extra: { retryAfterSeconds: 1 },
      })
    }
    const place: Place = { lookedAt: this.#clock() }
    this.#queue.push(place)
    do {
      await sleep(lookMs)
      place.lookedAt = this.#clock()
      this.#forgetTheDead()
      // Taken for dead while the thread was held up: behind the others, then.
      if (!this.#queue.includes(place)) this.#queue.push(place)
    } while (this.#queue[0] !== place || !this.#isFree())
    this.#queue.shift()
    return this.#take()
  }

  #isFree(): boolean {
    return this.#current === undefined || this.#clock() - this.#current.takenAt > deadMs
  }

  #take(): Turn {
    const turn = { takenAt: this.#clock() }
    this.#current = turn
    return turn
  }

  /** Somebody who was taken for dead may come back and leave; the turn is another's by then. */
  #leave(turn: Turn): void {
    if (this.#current === turn) this.#current = undefined
  }

  #forgetTheDead(): void {
    const now = this.#clock()
    while (now - (this.#queue[0]?.lookedAt ?? now) > deadMs) this.#queue.shift()
  }
}

export const hashingGate = new HashingGate()
