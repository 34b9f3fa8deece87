import { afterEach, describe, expect, test, vi } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { uploadRooms } from "../../../src/platform/files/upload-room.ts"
import { call, concat, inPieces, nothingStored, pdf, send, stored, textBytes, uploaded } from "../../support/files.ts"
import { signUp } from "../../support/world.ts"

const roomsMax = limits.uploadsHeldBytesMax / limits.filePartBytes
const path = "/files?purpose=kyb_document"
/** A chunked upload that has begun, and goes on when the test says so. */
function begin(token: string) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given
      given.enqueue(pdf())
    },
  })
  const answer = call("POST", path, { token, body })
  return {
    answer,
    ends: () => controller?.close(),
    breaksOff: () => controller?.error(new Error("hung up")),
    sends: (bytes: Uint8Array) => controller?.enqueue(bytes),
  }
}

const waitFor = (bytes: number) => vi.waitFor(() => expect(uploadRooms.bytesTaken).toBe(bytes), { timeout: 20_000 })

afterEach(() => expect(uploadRooms.bytesTaken).toBe(0))

describe("INV-FIL-8: uploads that do not say their length", () => {
  test("are so many at once in an isolate; the next is told to come again, leaves nothing, and one with a length is taken", async () => {
    const { token, org } = await signUp()
    const other = await signUp()
    const begun = Array.from({ length: roomsMax }, () => begin(token))
    await waitFor(limits.uploadsHeldBytesMax)
    const refused = await send("POST", path, { token: other.token, body: inPieces([pdf()]) })
    expect([refused.status, refused.body.code, refused.headers.get("retry-after")]).toEqual([
      503,
      "UNAVAILABLE",
      String(limits.uploadRetrySeconds),
    ])
    expect(await stored(other.org.id)).toEqual(nothingStored)
    await uploaded(other.token, "kyb_document", pdf())
    for (const { ends } of begun) ends()
    expect((await Promise.all(begun.map(({ answer }) => answer))).map(({ status }) => status)).toEqual(begun.map(() => 201))
    expect((await stored(org.id)).rows.length).toBe(roomsMax)
  })

  test("give their room back when they end, are refused, or break off, and the latter leave nothing", async () => {
    const { token, org } = await signUp()
    const [ended, refused, broken, abandoned] = [begin(token), begin(token), begin(token), begin(token)]
    await waitFor(4 * limits.filePartBytes)
    ended.ends()
    expect((await ended.answer).status).toBe(201)
    await waitFor(3 * limits.filePartBytes)
    // One byte too many, in pieces.
    const piece = new Uint8Array(limits.filePartBytes)
    for (let n = 0; n < 6; n += 1) refused.sends(piece)
    refused.ends()
    expect((await refused.answer).status).toBe(413)
    // In the middle of its second part, and before its first is full.
    broken.sends(concat(piece, textBytes("more")))
    broken.breaksOff()
    abandoned.breaksOff()
    for (const { answer } of [broken, abandoned]) expect((await answer).status).toBe(422)
    await waitFor(0)
    const { rows, keys } = await stored(org.id)
    expect([rows.length, keys.length]).toEqual([1, 1])
  })

  test("a form takes as much room as it says it is long", async () => {
    const { token } = await signUp()
    const almostAll = uploadRooms.take(limits.uploadsHeldBytesMax - 10_000, Date.now)
    try {
      const form = (bytes: number) => {
        const whole = new FormData()
        whole.set("purpose", "kyb_document")
        whole.set("file", new File([pdf("x".repeat(bytes))], "a.pdf"))
        return new Response(whole)
      }
      const statuses = []
      for (const bytes of [100, 20_000]) {
        const encoded = form(bytes)
        const headers = { "content-type": encoded.headers.get("content-type") ?? "" }
        statuses.push((await send("POST", "/files", { token, headers, body: new Uint8Array(await encoded.arrayBuffer()) })).status)
      }
      expect(statuses).toEqual([201, 503])
    } finally {
      uploadRooms.leave(almostAll)
    }
  })
})
