import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { putObject } from "../../../src/platform/files/put-object.ts"
import { type Bytes, call, inPieces, nothingStored, stored, textBytes } from "../../support/files.ts"
import { signUp } from "../../support/world.ts"

const MiB = 1_048_576
const pieceBytes = 64 * 1_024

/** A document of this size that is made as it is read. */
function* document(bytes: number): Generator<Bytes> {
  const piece = new Uint8Array(pieceBytes).fill(0x41)
  piece.set(textBytes("%PDF-1.7\n"))
  for (let left = bytes; left > 0; left -= pieceBytes) yield piece.slice(0, Math.min(left, pieceBytes))
}

async function digestOf(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> {
  const stream = new crypto.DigestStream("SHA-256")
  const writer = stream.getWriter()
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.byteLength
    await writer.write(piece)
  }
  await writer.close()
  const sha256 = [...new Uint8Array(await stream.digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  return { sha256, bytes }
}

describe("25 MB", () => {
  test.each([
    ["that say their length", { "content-length": String(25 * MiB) }],
    ["that do not", {}],
  ] as const)("%s go up and come down as they were", async (_, headers) => {
    const { token, org } = await signUp()
    const expected = await digestOf(document(25 * MiB))
    const response = await call("POST", "/files?purpose=kyb_document&name=big.pdf", { token, headers, body: inPieces(document(25 * MiB)) })
    const body = (await response.json()) as { sha256: string; size_bytes: number; url: string }
    expect([response.status, body.sha256, body.size_bytes]).toEqual([201, expected.sha256, 25 * MiB])
    const content = await call("GET", body.url)
    if (content.body === null) throw new Error("no body")
    expect(await digestOf(content.body)).toEqual({ sha256: expected.sha256, bytes: 25 * MiB })
    const last = await call("GET", body.url, { headers: { range: `bytes=${25 * MiB - 3}-` } })
    expect([last.status, await last.text()]).toEqual([206, "AAA"])
    expect((await stored(org.id)).usage).toBe(25 * MiB)
  })

  test("and one byte are too many, whether they say so or not, in a form or not; and leave nothing", async () => {
    const { token, org } = await signUp()
    const bytes = 25 * MiB + 1
    for (const headers of [{ "content-length": String(bytes) }, {}] as ReadonlyArray<Record<string, string>>) {
      const answer = await call("POST", "/files?purpose=kyb_document", { token, headers, body: inPieces(document(bytes)) })
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([413, "PAYLOAD_TOO_LARGE"])
    }
    function* form(): Generator<Bytes> {
      yield textBytes('--b\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n')
      yield* document(bytes)
      yield textBytes("\r\n--b--\r\n")
    }
    const answer = await call("POST", "/files?purpose=kyb_document", {
      token,
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body: inPieces(form()),
    })
    expect(answer.status).toBe(413)
    expect(await stored(org.id)).toEqual(nothingStored)
  })
})

describe("memory stays flat: nobody reads ahead of the bucket", () => {
  /** What was read and is not yet with the bucket, at most. */
  async function heldAtMost(length: number | undefined): Promise<number> {
    const total = 25 * MiB
    let read = 0
    let taken = 0
    let most = 0
    const source = document(total)
    const next = async (): Promise<Uint8Array | undefined> => {
      const { done, value } = source.next()
      if (done === true) return undefined
      read += value.byteLength
      most = Math.max(most, read - taken)
      return value
    }
    const slow = () => new Promise((resolve) => setTimeout(resolve, 0))
    const bucket = {
      async put(_key: string, body: ReadableStream<Uint8Array> | Uint8Array) {
        if (body instanceof Uint8Array) {
          taken += body.byteLength
          return {}
        }
        for await (const piece of body) {
          await slow()
          taken += piece.byteLength
        }
        return {}
      },
      createMultipartUpload: async () => ({
        async uploadPart(partNumber: number, part: Uint8Array) {
          await slow()
          taken += part.byteLength
          return { partNumber, etag: "x" }
        },
        complete: async () => ({}),
        abort: async () => undefined,
      }),
    }
    await putObject(bucket as unknown as R2Bucket, "key", next, length, "application/pdf")
    expect(taken).toBe(total)
    return most
  }

  test("with a length: a piece or two of 25 MB", async () => {
    expect(await heldAtMost(25 * MiB)).toBeLessThanOrEqual(4 * pieceBytes)
  })

  test("without: a part", async () => {
    expect(await heldAtMost(undefined)).toBeLessThanOrEqual(limits.filePartBytes + pieceBytes)
  })

  test("and a bucket that gives up leaves nobody waiting", async () => {
    const bucket = { put: () => Promise.reject(new Error("R2 is away")) } as unknown as R2Bucket
    const source = document(5 * MiB)
    await expect(putObject(bucket, "key", async () => source.next().value ?? undefined, 5 * MiB, "application/pdf")).rejects.toThrow(
      "R2 is away",
    )
  })

  test("R2 away: the upload is refused and leaves nothing", async () => {
    const { token, org } = await signUp()
    const prototype = Object.getPrototypeOf(env.FILES) as { put: unknown }
    const { put } = prototype
    prototype.put = () => Promise.reject(new Error("R2 is away"))
    try {
      expect((await call("POST", "/files?purpose=kyb_document", { token, body: inPieces(document(MiB)) })).status).toBe(500)
    } finally {
      prototype.put = put
    }
    expect(await stored(org.id)).toEqual(nothingStored)
  })
})
