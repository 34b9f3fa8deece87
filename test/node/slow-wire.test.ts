import { createHash } from "node:crypto"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { afterEach, expect, test, vi } from "vitest"
import { Journal } from "../torture/journal.ts"
import { slowBytes } from "../torture/slow-wire.ts"
import { SlowWires } from "../torture/slow-wires.ts"
import { routesOf, type WireKind, wireNames, wiresOf, wiresPlanned } from "../torture/wires.ts"

const generous = { timeout: 60_000, interval: 20 }
const endings: Array<() => void> = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** A server that hands each of its connections over, and slow wires to it. */
async function wired(serve: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on("error", () => undefined)
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const journal = new Journal()
  const wires = await SlowWires.open(7, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, journal)
  endings.push(() => {
    wires.close()
    server.close()
  })
  const dial = (kind: WireKind): Socket => {
    const socket = connect(Number(new URL(wires.urlOf(kind)).port), "127.0.0.1")
    socket.on("error", () => undefined)
    endings.push(() => socket.destroy())
    return socket
  }
  return { wires, journal, dial }
}

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31 + (index >> 8)) % 256))
const hashOf = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex")

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.resume().once("close", () => resolve()))

async function allOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test("bytes come whole and in order over slow wires, both ways, and are counted", { timeout: 120_000 }, async () => {
  const { journal, dial } = await wired((socket) => void socket.pipe(socket))
  const kinds = ["trickling", "sipping", "inPieces", "halfSent"] as const
  await Promise.all(
    kinds.map(async (kind) => {
      const socket = dial(kind)
      socket.end(bytes)
      expect(hashOf(await allOf(socket)), kind).toBe(hashOf(bytes))
    }),
  )
  expect(journal.counted(slowBytes)).toBe(kinds.length * 2 * bytes.byteLength)
  for (const kind of ["trickling", "sipping", "inPieces"] as const) expect(journal.counted(wireNames[kind]), kind).toBe(1)
})

test("whoever sends to a reader that stands still waits for room, until the wire goes on", { timeout: 120_000 }, async () => {
  const large = Buffer.alloc(64_000_000, "x")
  let isSent = false
  const { wires, dial } = await wired((socket) => socket.end(large, () => (isSent = true)))
  wires.standStill("halfRead")
  const reading = allOf(dial("halfRead"))
  await vi.waitFor(() => expect(wires.heldOf("halfRead")).toBe(1), generous)
  expect(isSent).toBe(false)
  wires.goOn()
  expect((await reading).byteLength).toBe(large.byteLength)
  await vi.waitFor(() => expect(isSent).toBe(true), generous)
})

test("a wire that hangs is cut for both ends, and so is one whose server goes away", { timeout: 120_000 }, async () => {
  let ended = 0
  const { journal, dial } = await wired((socket) => {
    socket.on("close", () => (ended += 1))
    socket.pipe(socket)
  })
  const socket = dial("hanging")
  socket.write(bytes)
  await closed(socket)
  expect(socket.bytesRead).toBeLessThan(bytes.byteLength)
  await vi.waitFor(() => expect(ended).toBe(1), generous)
  expect(journal.counted(wireNames.hanging)).toBe(1)

  const { dial: dialNobody } = await wired((one) => one.resetAndDestroy())
  await closed(dialNobody("trickling"))
})

test("a seed is a plan of wires, and each kind has its turn", () => {
  expect(wiresPlanned(7)).toBe(wiresPlanned(7))
  expect(wiresPlanned(8)).not.toBe(wiresPlanned(7))
  expect(wiresOf(7, "deaf").next().value).toEqual(wiresOf(7, "deaf").next().value)
  for (let seed = 0; seed < 50; seed += 1) {
    const routes = routesOf(seed, "sockets")
    const first = Array.from({ length: 12 }, () => routes.next().value)
    expect(new Set(first), `seed ${seed}: ${first.join()}`).toEqual(new Set([undefined, "inPieces", "heldUp", "deaf", "halfOpen"]))
  }
})
