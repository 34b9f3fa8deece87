import { isDeepStrictEqual } from "node:util"

/** What a check expected and did not get. */
export class CheckFailed extends Error {}

/** The story as it is told: headings, and a line for each thing that was found true. The first that is not ends it. */
export class Checks {
  readonly #say: (line: string) => void
  #count = 0
  #chapters = 0

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  get count(): number {
    return this.#count
  }

  /** Chapters are numbered through all stories. */
  chapter(title: string): void {
    this.#chapters += 1
    this.#say(`\n${this.#chapters}. ${title}`)
  }

  /** @throws CheckFailed, with both values, unless they are equal. */
  equal(what: string, got: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(got, expected)) throw new CheckFailed(`${what}\n    expected  ${shown(expected)}\n    got       ${shown(got)}`)
    this.#count += 1
    this.#say(`  ✓ ${what}`)
  }
}

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value)
