import type { Journal } from "./journal.ts"
import { SlowWire } from "./slow-wire.ts"
import { routesOf, type Traffic, turns, type WireKind, wireNames } from "./wires.ts"

/** All the slow wires of a run, and whose turn it is to go over one. */
export class SlowWires {
  readonly #wires: ReadonlyMap<WireKind, SlowWire>
  readonly #routes: Readonly<Record<Traffic, Generator<WireKind | undefined, never>>>
  readonly #journal: Journal
  /** Else all goes straight to the server. */
  areUsed = false

  private constructor(wires: ReadonlyMap<WireKind, SlowWire>, seed: number, journal: Journal) {
    this.#wires = wires
    this.#journal = journal
    this.#routes = { requests: routesOf(seed, "requests"), sockets: routesOf(seed, "sockets") }
  }

  static async open(seed: number, url: string, journal: Journal): Promise<SlowWires> {
    const kinds = Object.keys(wireNames) as WireKind[]
    const wires = await Promise.all(kinds.map(async (kind) => [kind, await SlowWire.open(kind, seed, url, journal)] as const))
    return new SlowWires(new Map(wires), seed, journal)
  }

  /** Over what the next one goes; undefined: straight to the server. */
  next(traffic: Traffic): WireKind | undefined {
    return this.areUsed ? this.#routes[traffic].next().value : undefined
  }

  urlOf(kind: WireKind): string {
    return this.#of(kind).url
  }

  standStill(kind: WireKind): void {
    this.#of(kind).standStill()
  }

  /** How many wires of a kind hold something back at this moment. */
  heldOf(kind: WireKind): number {
    return this.#of(kind).held
  }

  goOn(): void {
    for (const wire of this.#wires.values()) wire.goOn()
  }

  /** Whether there were fewer of some kind that come by turns. */
  lacks(least: number): boolean {
    return Object.values(turns)
      .flat()
      .some((kind) => this.#journal.counted(wireNames[kind]) < least)
  }

  close(): void {
    for (const wire of this.#wires.values()) wire.close()
  }

  #of(kind: WireKind): SlowWire {
    const wire = this.#wires.get(kind)
    if (wire === undefined) throw new Error(`there is no wire of the kind ${kind}`)
    return wire
  }
}
