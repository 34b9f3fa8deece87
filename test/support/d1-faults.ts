import { env } from "cloudflare:workers"

type Batch = D1Database["batch"]

/**
 * Faults between the Worker and D1. Tests, the Worker and the objects share an isolate, and so the class behind
 * their bindings: its `batch`, the one call that the Executor makes, is replaced while a test runs.
 */
export class D1Faults implements Disposable {
  readonly #prototype: { batch: Batch }
  readonly #batch: Batch
  #fault: (() => Promise<void>) | undefined
  #release: (() => void) | undefined
  #losesAnswers = false
  /** Batches that were asked for, also those that failed. */
  batches = 0
  /** Batches that failed here, on the way. */
  failed = 0

  constructor() {
    this.#prototype = Object.getPrototypeOf(env.DB) as { batch: Batch }
    const real = this.#prototype.batch
    const faults = this
    this.#batch = real
    this.#prototype.batch = async function <T>(this: D1Database, statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
      faults.batches += 1
      await faults.#strike()
      const results = (await real.call(this, statements)) as D1Result<T>[]
      if (faults.#losesAnswers) throw new Error("D1_ERROR: Network connection lost.")
      return results
    }
  }

  /** Every batch is refused at once, with words that say it may pass. */
  fail(): void {
    this.#fault = async () => {
      throw new Error("D1_ERROR: Network connection lost.")
    }
  }

  /** Batches are never answered; those that wait fail when D1 is healed. */
  hang(): void {
    const { promise, reject } = Promise.withResolvers<never>()
    // Nobody may be waiting when it is released.
    promise.catch(() => undefined)
    this.#release = () => reject(new Error("D1_ERROR: Network connection lost."))
    this.#fault = () => promise
  }

  /** Each batch takes so much longer. */
  delay(ms: number): void {
    this.#fault = () => new Promise((resolve) => setTimeout(resolve, ms))
  }

  /** Something is done while the next `nth` batch is on its way, and before it arrives. */
  before(nth: number, deed: () => Promise<unknown>): void {
    let left = nth
    this.#fault = async () => {
      left -= 1
      if (left !== 0) return
      this.heal()
      await deed()
    }
  }

  /** D1 carries each batch out, and its answer is lost on the way back. */
  loseAnswers(): void {
    this.#losesAnswers = true
  }

  heal(): void {
    this.#fault = undefined
    this.#losesAnswers = false
    this.#release?.()
    this.#release = undefined
  }

  [Symbol.dispose](): void {
    this.heal()
    this.#prototype.batch = this.#batch
  }

  async #strike(): Promise<void> {
    try {
      await this.#fault?.()
    } catch (error) {
      this.failed += 1
      throw error
    }
  }
}
