/**
 * One after another for each key, side by side for different keys, within one instance of an object. Whoever waits
 * inside must have a bound of its own, or everybody behind waits with it.
 */
export class KeyedLock<Key> {
  readonly #tails = new Map<Key, Promise<unknown>>()

  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    const tail = mine.catch(() => undefined)
    this.#tails.set(key, tail)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
