import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { type ClientRequest, type IncomingMessage, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { freePort } from "../../scripts/lib/ports.ts"
import { type Inspector, inspectorOf } from "../bench/inspector.ts"
import { type BuiltServer, startBuiltServer } from "../support/server/built-server.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"

/**
 * Over real HTTP, to the bundle that would be deployed: what the Worker's own isolate holds while a large file goes through
 * it, by workerd's inspector and after a full collection. The bucket is a process part of its own here, as it is a service
 * elsewhere, and not counted. Each client stops a few times in mid-file, so that what is looked at is a file under way.
 */

const MiB = 1024 * 1024
const fileBytes = 25_000_000
const pieceBytes = 65_536
/** A part of 5 MiB, where nobody said how long the file is, and as much again; the file has 23.8 MiB. */
const grownMiBMax = 12
const pauses = 4

const state = mkdtempSync(join(tmpdir(), "waybill-memory-"))
let server: BuiltServer
let inspector: Inspector
let token: string

beforeAll(async () => {
  const inspectorPort = await freePort()
  const wrapper = fileURLToPath(new URL("../support/server/holding-worker.ts", import.meta.url))
  server = await startBuiltServer({ state, inspectorPort, wrapper })
  inspector = await inspectorOf(inspectorPort)
  const response = await fetch(`${server.url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      email: "memory@example.test",
      password: "correct horse battery",
      full_name: "Memory",
      organization: { name: "Memory", capabilities: ["supplier"] },
    }),
  })
  token = ((await response.json()) as { access_token: string }).access_token
}, 180_000)
afterAll(async () => {
  inspector?.close()
  await server?.stop()
  rmSync(state, { recursive: true, force: true })
})

/** The inspector is answered when the isolate has something to do, and a request that waits for its client does nothing. */
async function held(): Promise<number> {
  let isAnswered = false
  const answer = inspector.heldMiB().finally(() => {
    isAnswered = true
  })
  while (!isAnswered) {
    await fetchAgain(`${server.url}/health`)
    await Promise.race([answer, sleep(20)])
  }
  return answer
}

/** The most that was held beyond what was held before, looked at in each pause and at the end. */
async function grownDuring(work: (look: () => Promise<void>) => Promise<void>): Promise<number> {
  const before = await held()
  let most = before
  const look = async (): Promise<void> => {
    most = Math.max(most, await held())
  }
  await work(look)
  await look()
  return most - before
}

const boundary = "waybill-memory"
const formHead = `--${boundary}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nkyb_document\r\n--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="large.pdf"\r\ncontent-type: application/pdf\r\n\r\n`
const formTail = `\r\n--${boundary}--\r\n`

const kinds = {
  "with its length": { path: "/files?purpose=kyb_document", headers: { "content-type": "application/pdf", "content-length": fileBytes } },
  "in chunks": { path: "/files?purpose=kyb_document", headers: { "content-type": "application/pdf" } },
  "in a form": {
    path: "/files",
    headers: {
      "content-type": `multipart/form-data; boundary=${boundary}`,
      "content-length": formHead.length + fileBytes + formTail.length,
    },
    head: formHead,
    tail: formTail,
  },
} as const satisfies Record<string, { path: string; headers: Record<string, string | number>; head?: string; tail?: string }>

const piece = Buffer.alloc(pieceBytes, 0x41)

/** Sends the bytes of a PDF, and looks in each pause. */
async function sendFile(sending: ClientRequest, look: () => Promise<void>): Promise<void> {
  let sinceLook = 0
  for (let sent = 0; sent < fileBytes; sent += pieceBytes) {
    const bytes = Buffer.from(piece.subarray(0, Math.min(pieceBytes, fileBytes - sent)))
    if (sent === 0) bytes.write("%PDF-1.7\n")
    if (!sending.write(bytes)) await once(sending, "drain")
    sinceLook += bytes.byteLength
    if (sinceLook < fileBytes / (pauses + 1)) continue
    sinceLook = 0
    await look()
  }
}

async function uploadOnce(kind: keyof typeof kinds, look: () => Promise<void>): Promise<string> {
  const { path, headers, ...form }: { path: string; headers: Record<string, string | number>; head?: string; tail?: string } = kinds[kind]
  const sending = request(`${server.url}/api/v1${path}`, { method: "POST", headers: { ...headers, authorization: `Bearer ${token}` } })
  const answered = once(sending, "response") as Promise<[IncomingMessage]>
  if (form.head !== undefined) sending.write(form.head)
  await sendFile(sending, look)
  sending.end(form.tail)
  const [answer] = await answered
  const text = (await answer.setEncoding("utf8").toArray()).join("")
  expect([answer.statusCode, text]).toEqual([201, expect.any(String)])
  return (JSON.parse(text) as { id: string }).id
}

async function downloadOnce(id: string, look: () => Promise<void>): Promise<number> {
  const asking = request(`${server.url}/api/v1/files/${id}/content`, { headers: { authorization: `Bearer ${token}` } })
  asking.end()
  const [answer] = (await once(asking, "response")) as [IncomingMessage]
  expect(answer.statusCode).toBe(200)
  let bytes = 0
  let sinceLook = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    sinceLook += chunk.byteLength
    if (sinceLook < fileBytes / (pauses + 1)) continue
    sinceLook = 0
    await look()
  }
  return bytes
}

describe("a file of 25 MB", () => {
  const rounds = 2

  test("would be seen if the Worker held it", async () => {
    const grown = await grownDuring(async () => {
      const answer = await fetch(`${server.url}/__hold`, { method: "POST", body: Buffer.alloc(fileBytes, 0x41) })
      expect(await answer.text()).toBe(String(fileBytes))
    })
    await fetch(`${server.url}/__hold`, { method: "DELETE" })
    expect(grown).toBeGreaterThan((fileBytes / MiB) * 0.9)
  })

  for (const kind of Object.keys(kinds) as Array<keyof typeof kinds>) {
    test(`goes up ${kind}, and comes down, without the Worker holding it`, async () => {
      const ids: string[] = []
      const grownUp = await grownDuring(async (look) => {
        for (let round = 0; round < rounds; round += 1) ids.push(await uploadOnce(kind, look))
      })
      const grownDown = await grownDuring(async (look) => {
        for (const id of ids) expect(await downloadOnce(id, look)).toBe(fileBytes)
      })
      expect(grownUp).toBeLessThan(grownMiBMax)
      expect(grownDown).toBeLessThan(grownMiBMax)
    }, 300_000)
  }
})
