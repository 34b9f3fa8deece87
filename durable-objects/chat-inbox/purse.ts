import { type Allowance, spend } from "../../src/domains/chat/rules.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { InboxStore } from "./store.ts"

/** What may be spent without a word to storage; who writes at a person's speed never has spent as much before it is back. */
const unwrittenMax = limits.chatFramesBurst / 4

/**
 * INV-CHT-8: the user's allowance of frames, one for all sockets, so that another socket brings no more of it. It is in
 * memory, and written whenever a quarter was spent: an object that dies gives back that quarter at most. A hibernation
 * gives back nothing, since whatever was spent is back by then.
 */
export class Purse {
  readonly #store: InboxStore
  #allowance: Allowance | undefined
  #isLoaded = false
  #unwritten = 0

  constructor(store: InboxStore) {
    this.#store = store
  }

  /** Pays for a frame; false when the user sends more than they may. */
  pay(cost: number, now: Instant): boolean {
    if (!this.#isLoaded) this.#allowance = this.#store.allowance
    this.#isLoaded = true
    const allowance = spend(this.#allowance, cost, now)
    if (allowance === undefined) return false
    this.#allowance = allowance
    const wasFull = allowance.left + cost >= limits.chatFramesBurst
    this.#unwritten = (wasFull ? 0 : this.#unwritten) + cost
    if (this.#unwritten > unwrittenMax) {
      this.#store.saveAllowance(allowance)
      this.#unwritten = 0
    }
    return true
  }
}
