import { RefusalError } from "../../kernel/result.ts"

/** scrypt runs on the request's own thread, so an isolate does few at once and keeps a short queue. */
const atOnceMax = 2
const queueMax = 16

/** Waits for a turn and runs the work; beyond the queue it refuses. `yielding` lets other requests in between. */
export class HashingGate {
  #running = 0
  readonly #waiting: Array<() => void> = []

  /**
   * `keepAlive` holds the request open, since others wait for its turn to end even if its client hangs up.
   * @throws RefusalError RATE_LIMITED when the queue is full.
   */
  run<T>(work: () => Promise<T>, keepAlive: (work: Promise<unknown>) => void): Promise<T> {
    const turn = this.#turn(work)
    keepAlive(turn.catch(() => undefined))
    return turn
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= atOnceMax) {
      if (this.#waiting.length >= queueMax) {
        throw new RefusalError({
          code: "RATE_LIMITED",
          detail: "Too many people are signing in right now; try again in a second.",
          extra: { retryAfterSeconds: 1 },
        })
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running += 1
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // The turn passes on a fresh task, so that requests which came meanwhile are served before the next hash.
      if (next === undefined) this.#running -= 1
      else setTimeout(next, 0)
    }
  }
}

export const hashingGate = new HashingGate()
