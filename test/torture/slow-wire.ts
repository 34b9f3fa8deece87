import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { Journal } from "./journal.ts"
import { type Stall, type Wire, type WireKind, wireNames, wiresOf } from "./wires.ts"

export const slowBytes = "bytes over slow wires"
const host = "127.0.0.1"
/** Of what comes together, and of all that one wire carries in one direction: then it goes as it comes, so that no file takes minutes. */
const piecesMax = { together: 40, inAll: 300 } as const
const pieceGrowth = 1.25
/** Until it is cut. */
const forGoodMs = 2 ** 31 - 1

/** A connection under way, with its two ends. */
type Line = {
  readonly wire: Wire
  readonly ends: readonly [Socket, Socket]
  readonly openedAt: number
  /** Once either end is gone. */
  readonly gone: AbortController
  isHung: boolean
  isCounted: boolean
}
type Lane = {
  readonly line: Line
  readonly from: Socket
  readonly to: Socket
  readonly course: Wire["up"]
  bytes: number
  headBytes: number
  pieces: number
}

/** Relays TCP connections to the server, each by its wire. What is not passed on is not read, so that its sender waits for room. */
export class SlowWire {
  readonly #kind: WireKind
  readonly #server: Server
  readonly #wires: Generator<Wire, never>
  readonly #port: number
  readonly #journal: Journal
  readonly #lines = new Set<Line>()
  #held = 0
  /** While it stands still: what ends that. */
  #still: PromiseWithResolvers<void> | undefined

  private constructor(kind: WireKind, server: Server, wires: Generator<Wire, never>, port: number, journal: Journal) {
    this.#kind = kind
    this.#server = server
    this.#wires = wires
    this.#port = port
    this.#journal = journal
    server.on("connection", (client) => this.#join(client))
  }

  static async open(kind: WireKind, seed: number, url: string, journal: Journal): Promise<SlowWire> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    await new Promise<void>((resolve) => server.listen(0, host, resolve))
    return new SlowWire(kind, server, wiresOf(seed, kind), Number(new URL(url).port), journal)
  }

  get url(): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  standStill(): void {
    this.#still ??= Promise.withResolvers()
  }

  goOn(): void {
    this.#still?.resolve()
    this.#still = undefined
  }

  /** How many lanes of its wires hold something back at this moment. */
  get held(): number {
    return this.#held
  }

  close(): void {
    this.goOn()
    this.#server.close()
    for (const line of this.#lines) this.#cut(line)
  }

  #join(client: Socket): void {
    const server = connect({ host, port: this.#port, allowHalfOpen: true, noDelay: true })
    const wire = this.#wires.next().value
    const line: Line = { wire, ends: [client, server], openedAt: Date.now(), gone: new AbortController(), isHung: false, isCounted: false }
    this.#lines.add(line)
    for (const end of line.ends) {
      end.on("error", () => this.#cut(line))
      end.on("close", () => {
        if (line.ends.every(({ destroyed }) => destroyed)) this.#lines.delete(line)
      })
    }
    // Whatever it fails at, one of the two is gone.
    for (const lane of [
      { from: client, to: server, course: wire.up },
      { from: server, to: client, course: wire.down },
    ])
      this.#carry({ ...lane, line, bytes: 0, headBytes: 0, pieces: 0 }).catch(() => this.#cut(line))
  }

  #cut({ gone, ends }: Line): void {
    gone.abort()
    for (const end of ends) if (!end.destroyed) end.resetAndDestroy()
  }

  async #carry(lane: Lane): Promise<void> {
    const { line, from, to, course } = lane
    let hasStalled = false
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      let rest = chunk
      // Clients send a request's head in one go.
      if (lane.bytes === 0 && course.stall?.isInBody === true) lane.headBytes = chunk.indexOf("\r\n\r\n") + 4
      if (line.isHung) await sleep(forGoodMs, undefined, { signal: line.gone.signal })
      if (course.stall !== undefined && this.#stalls(lane, course.stall, chunk.byteLength, hasStalled)) {
        hasStalled = true
        const first = chunk.subarray(0, Math.max(0, lane.headBytes + course.stall.afterBytes - lane.bytes))
        await this.#pass(lane, first)
        await this.#stall(line, course.stall.forMs)
        // What came meanwhile goes on together with it.
        rest = Buffer.concat([chunk.subarray(first.byteLength), (from.read() as Buffer | null) ?? Buffer.alloc(0)])
      }
      await this.#pass(lane, rest)
    }
    to.end()
  }

  #stalls({ line, bytes, headBytes }: Lane, { afterBytes, afterMs, forMs }: Stall, more: number, hasStalled: boolean): boolean {
    const isDue = forMs === undefined ? this.#still !== undefined : !hasStalled
    return isDue && bytes + more > headBytes + afterBytes && Date.now() - line.openedAt >= afterMs
  }

  async #stall(line: Line, forMs: number | undefined): Promise<void> {
    line.isHung = line.wire.isCut
    this.#held += 1
    try {
      await (forMs === undefined ? this.#still?.promise : sleep(forMs, undefined, { signal: line.gone.signal }))
    } finally {
      this.#held -= 1
    }
    this.#count(line)
    if (line.wire.isCut) this.#cut(line)
  }

  async #pass(lane: Lane, bytes: Buffer): Promise<void> {
    const { line, course } = lane
    lane.bytes += bytes.byteLength
    this.#journal.count(slowBytes, bytes.byteLength)
    let at = 0
    if (course.pieces !== undefined) {
      let size = course.pieces.firstBytes
      for (let count = 0; at + size < bytes.byteLength && count < piecesMax.together && lane.pieces < piecesMax.inAll; count += 1) {
        await this.#write(lane, bytes.subarray(at, at + size))
        await sleep(course.pieces.pauseMs, undefined, { signal: line.gone.signal })
        at += size
        size = Math.ceil(size * pieceGrowth)
        lane.pieces += 1
        this.#count(line)
      }
    }
    if (at < bytes.byteLength) await this.#write(lane, bytes.subarray(at))
  }

  async #write({ line, to }: Lane, bytes: Buffer): Promise<void> {
    const { signal } = line.gone
    signal.throwIfAborted()
    if (!to.write(bytes)) await once(to, "drain", { signal })
  }

  #count(line: Line): void {
    if (line.isCounted) return
    line.isCounted = true
    this.#journal.count(wireNames[this.#kind])
  }
}
