import { describe, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { RefusalError } from "../../src/kernel/result.ts"
import { second } from "../../src/kernel/time.ts"
import { UploadRooms } from "../../src/platform/files/upload-room.ts"
import { openUpload, patienceMs, type Upload } from "../../src/platform/http/upload.ts"
import { inPieces, textBytes } from "../support/files.ts"

const refusalOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal
    throw error
  }
  return undefined
}

describe("room for uploads", () => {
  test("is taken up to the bound, refused beyond it with a time to come again, and free again once left, once", () => {
    const rooms = new UploadRooms(100, () => 0)
    const first = rooms.take(60, () => 0)
    expect(refusalOf(() => rooms.take(41, () => 0))).toMatchObject({ code: "UNAVAILABLE", extra: { retryAfterSeconds: 5 } })
    rooms.take(40, () => 0)
    expect(rooms.bytesTaken).toBe(100)
    rooms.leave(first)
    rooms.leave(first)
    expect(rooms.bytesTaken).toBe(40)
  })

  test("of an upload that was silent too long is free: its request died, and nobody will leave", () => {
    let now = 0
    let seen = 0
    const rooms = new UploadRooms(100, () => now)
    rooms.take(100, () => seen)
    now = limits.uploadSilentSecondsMax * second
    expect(refusalOf(() => rooms.take(1, () => now))?.code).toBe("UNAVAILABLE")
    seen = 1
    now += 1
    expect(refusalOf(() => rooms.take(1, () => now))?.code).toBe("UNAVAILABLE")
    now += 1
    rooms.take(1, () => now)
    expect(rooms.bytesTaken).toBe(1)
  })
})

describe("the pace of a sender", () => {
  const pace = { pauseMsMax: 1_000, bytesPerSecondMin: 100 }

  test("is a pause at most, and so many bytes a second beyond the first pause", () => {
    expect(patienceMs(pace, 0, 0)).toBe(1_000)
    expect(patienceMs(pace, 1_000_000, 0)).toBe(1_000)
    expect(patienceMs(pace, 100, 1_500)).toBe(500)
    expect(patienceMs(pace, 100, 2_000)).toBeLessThanOrEqual(0)
  })

  const open = (body: ReadableStream<Uint8Array>, headers: Record<string, string> = {}, pauseMsMax = 20): Promise<Upload> =>
    openUpload(new Request("http://api.waybill.test/", { method: "POST", body, headers }), 1_000, async () => undefined, {
      pauseMsMax,
      bytesPerSecondMin: 1_000_000,
    })
  const silent = (before: Uint8Array, cancelled: () => void): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start: (controller) => controller.enqueue(before),
      pull: () => new Promise<void>(() => undefined),
      cancel: cancelled,
    })

  test.each([
    ["in the file", {}, "x"],
    ["in a form before its file", { "content-type": "multipart/form-data; boundary=b" }, "--b\r\n"],
  ] as const)("whoever falls silent %s is refused, and no longer listened to", async (_, headers, before) => {
    let isCancelled = false
    const body = silent(textBytes(before), () => {
      isCancelled = true
    })
    const readAll = async (): Promise<void> => {
      const upload = await open(body, headers)
      while ((await upload.read()) !== undefined);
    }
    const error = await readAll().catch((caught: unknown) => caught)
    expect((error as RefusalError).refusal).toMatchObject({ code: "VALIDATION_FAILED", errors: [{ code: "TOO_SLOW" }] })
    expect(isCancelled).toBe(true)
  })

  test("a body that was refused is not waited for longer, and who stores may be slow", async () => {
    const upload = await open(silent(textBytes("x"), () => undefined))
    expect(await upload.read()).toEqual(textBytes("x"))
    await upload.abandon()
    const quick = await open(inPieces([textBytes("a"), textBytes("b")]), {}, 1_000)
    await quick.read()
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(await quick.read()).toEqual(textBytes("b"))
    expect(await quick.read()).toBeUndefined()
  })
})
