import { randomUUID } from "node:crypto"
import type { Answer, Api } from "../lib/api.ts"
import type { Checks } from "./checks.ts"

const eventuallyMs = 15_000

/** Where a story plays: the server, the checks, and whatever it must put away at its end. Each story adds its people and things. */
export class Stage {
  readonly api: Api
  /** Tells this telling's companies and addresses from those of all others. */
  readonly run = randomUUID().slice(0, 8)
  readonly #checks: Checks
  readonly #toClose: Array<() => Promise<void>> = []

  constructor(api: Api, checks: Checks) {
    this.api = api
    this.#checks = checks
  }

  equal(what: string, got: unknown, expected: unknown): void {
    this.#checks.equal(what, got, expected)
  }

  created(what: string, answer: Answer): void {
    this.equal(what, [answer.status, answer.at("code")], [201, undefined])
  }

  refused(what: string, answer: Answer, status: number, code: string): void {
    this.equal(`${what} (${status} ${code})`, [answer.status, answer.at("code")], [status, code])
  }

  /** What comes by way of a queue comes a moment later; undefined where it does not come. */
  async eventually<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    const deadline = Date.now() + eventuallyMs
    for (;;) {
      const found = await look()
      if (found !== undefined || Date.now() > deadline) return found
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** To be closed when the story is over, however it ends. */
  atTheEnd(close: () => Promise<void>): void {
    this.#toClose.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#toClose.reverse()) await close()
  }
}
