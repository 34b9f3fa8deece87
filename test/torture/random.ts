/**
 * Random numbers from a seed, the same on every machine. `fork` gives a stream of its own to whoever should not be
 * disturbed by how many numbers the others draw: clients run at their own pace, and a replay must not depend on it.
 */
export class Random {
  readonly #name: string
  #state: number

  constructor(name: string) {
    this.#name = name
    this.#state = hash(name)
  }

  fork(name: string): Random {
    return new Random(`${this.#name}/${name}`)
  }

  /** From 0 up to 1, by mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of the names, by their weights. */
  weighted<T extends string>(weights: Readonly<Partial<Record<T, number>>>): T {
    const entries = Object.entries(weights) as Array<[T, number]>
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    const [first] = entries
    if (first === undefined) throw new Error("nothing to choose from")
    return first[0]
  }
}

/** FNV-1a, which spreads names that differ in one letter. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const letter of text) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 0x01000193)
  return value
}

/** The one a number from 0 up to 1 points at. */
export const pick = <T>(list: readonly T[], at: number): T | undefined => list[Math.floor(at * list.length)]
