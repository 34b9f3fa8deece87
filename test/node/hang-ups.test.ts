import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { type BuiltServer, startBuiltServer } from "../support/server/built-server.ts"

/** Over real HTTP, to the bundle that would be deployed: what clients leave that go away in the midst of sending. */

const state = mkdtempSync(join(tmpdir(), "waybill-uploads-"))
let server: BuiltServer
let token: string

beforeAll(async () => {
  server = await startBuiltServer({ state })
  const response = await fetch(`${server.url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      email: "uploads@example.test",
      password: "correct horse battery",
      full_name: "Uploads",
      organization: { name: "Uploads", capabilities: ["supplier"] },
    }),
  })
  token = ((await response.json()) as { access_token: string }).access_token
}, 120_000)
afterAll(async () => {
  await server?.stop()
  rmSync(state, { recursive: true, force: true })
})

const piece = (at: number): Buffer => {
  const bytes = Buffer.alloc(65_536, 0x41)
  if (at === 0) bytes.write("%PDF-1.7\n")
  return bytes
}

describe("clients that hang up in the middle of a body", () => {
  const bodies = {
    "a file with its length": ["/api/v1/files?purpose=kyb_document", "content-type: application/pdf\r\ncontent-length: 20000000"],
    "a chunked file": ["/api/v1/files?purpose=kyb_document", "content-type: application/pdf\r\ntransfer-encoding: chunked"],
    "a file that is refused early": ["/api/v1/files?purpose=nonsense", "content-type: application/pdf\r\ncontent-length: 20000000"],
    JSON: ["/api/v1/products", "content-type: application/json\r\ncontent-length: 900000"],
  } as const

  async function hangUp([path, headers]: readonly [string, string], pieces: number, resets: boolean): Promise<void> {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1")
    socket.on("error", () => undefined)
    await once(socket, "connect")
    socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n${headers}\r\n\r\n`)
    for (let sent = 0; sent < pieces; sent += 1) {
      const bytes = piece(sent)
      if (!socket.write(headers.includes("chunked") ? Buffer.concat([Buffer.from("10000\r\n"), bytes, Buffer.from("\r\n")]) : bytes))
        await sleep(5)
    }
    await sleep(pieces)
    if (resets) socket.resetAndDestroy()
    else socket.destroy()
  }

  test("leave no row, no object and no word of an error, and the next is served", async () => {
    const filesBefore = await server.databaseRows("select id from files")
    for (let round = 0; round < 12; round += 1) {
      await Promise.all(Object.values(bodies).map((body, kind) => hangUp(body, [0, 3, 12, 100][(round + kind) % 4] ?? 0, round % 2 === 0)))
    }
    await vi.waitFor(async () => expect(await server.databaseRows("select id, status from files")).toHaveLength(filesBefore.length), {
      timeout: 30_000,
      interval: 500,
    })
    const answer = await fetch(`${server.url}/api/v1/files?purpose=kyb_document`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: "%PDF-1.7\nsmall",
    })
    expect(answer.status).toBe(201)
    const log = readFileSync(join(state, "server.log"), "utf8")
    expect(
      log
        .split("\n")
        .filter((line) => /"level":"error"|uncaught|unhandled/i.test(line))
        .map((line) => line.slice(0, 300)),
    ).toEqual([])
  })
})
