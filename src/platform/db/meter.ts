/** What a request cost the platform: the numbers behind Server-Timing, the logs and the metrics. */
export type Cost = {
  readonly d1Trips: number
  readonly d1RowsRead: number
  readonly d1RowsWritten: number
  readonly d1Ms: number
  readonly objectCalls: number
  readonly objectMs: number
}

export const noCost: Cost = { d1Trips: 0, d1RowsRead: 0, d1RowsWritten: 0, d1Ms: 0, objectCalls: 0, objectMs: 0 }

/** Counts what one request costs. `cost` is what it came to so far, and does not change afterwards. */
export class Meter {
  readonly #cost: { -readonly [K in keyof Cost]: number } = { ...noCost }

  get cost(): Cost {
    return { ...this.#cost }
  }

  add(part: Partial<Cost>): void {
    const cost = this.#cost
    cost.d1Trips += part.d1Trips ?? 0
    cost.d1RowsRead += part.d1RowsRead ?? 0
    cost.d1RowsWritten += part.d1RowsWritten ?? 0
    cost.d1Ms += part.d1Ms ?? 0
    cost.objectCalls += part.objectCalls ?? 0
    cost.objectMs += part.objectMs ?? 0
  }
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`

/** The Server-Timing header (W3C Server Timing) of a cost and a request's total time in milliseconds. */
export function serverTiming(cost: Cost, totalMs: number): string {
  const d1 = `d1;desc="${plural(cost.d1Trips, "trip")}, ${cost.d1RowsRead} read, ${cost.d1RowsWritten} written";dur=${cost.d1Ms.toFixed(1)}`
  const object = `do;desc="${plural(cost.objectCalls, "call")}";dur=${cost.objectMs.toFixed(1)}`
  return `${d1}, ${object}, total;dur=${totalMs.toFixed(1)}`
}
