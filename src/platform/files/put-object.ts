import { limits } from "../../kernel/limits.ts"
import type { Chunks } from "../http/upload.ts"

type Bucket = Pick<R2Bucket, "put" | "createMultipartUpload">

/**
 * Stores a stream under a key. With its length R2 takes it as it comes; without, in parts, one of which is held at a time.
 * When it fails nothing stays: R2 keeps no object whose stream broke off, and parts are thrown away.
 */
export async function putObject(bucket: Bucket, key: string, next: Chunks, length: number | undefined, contentType: string): Promise<void> {
  const options = { httpMetadata: { contentType } }
  await (length === undefined ? putInParts(bucket, key, next, options) : putWhole(bucket, key, next, length, options))
}

async function putWhole(bucket: Bucket, key: string, next: Chunks, length: number, options: R2PutOptions): Promise<void> {
  const { readable, writable } = new FixedLengthStream(length)
  const writer = writable.getWriter()
  const stored = bucket.put(key, readable, options)
  // Both are asked for below; until then their failing is nobody's surprise.
  stored.catch(() => undefined)
  writer.closed.catch(() => undefined)
  writer.ready.catch(() => undefined)
  try {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
      // A bucket that gives up would otherwise leave the writer waiting for a reader.
      await Promise.race([writer.write(chunk), stored])
    }
    await Promise.race([writer.close(), stored])
  } catch (error) {
    await Promise.allSettled([writer.abort(error), stored])
    throw error
  }
  await stored
}

async function putInParts(bucket: Bucket, key: string, next: Chunks, options: R2PutOptions): Promise<void> {
  let part = new Uint8Array(firstPartBytes)
  let filled = 0
  let upload: R2MultipartUpload | undefined
  const parts: R2UploadedPart[] = []
  try {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
      for (let rest = chunk; rest.byteLength > 0; ) {
        if (filled === part.byteLength) part = grown(part)
        const taken = rest.subarray(0, part.byteLength - filled)
        part.set(taken, filled)
        filled += taken.byteLength
        rest = rest.subarray(taken.byteLength)
        if (filled < limits.filePartBytes) continue
        upload ??= await bucket.createMultipartUpload(key, options)
        parts.push(await upload.uploadPart(parts.length + 1, part))
        filled = 0
      }
    }
    const last = part.subarray(0, filled)
    if (upload === undefined) {
      await bucket.put(key, last, options)
      return
    }
    if (filled > 0) parts.push(await upload.uploadPart(parts.length + 1, last))
    await upload.complete(parts)
  } catch (error) {
    await upload?.abort().catch(() => undefined)
    throw error
  }
}

/** A small file takes little room while it comes; a large one grows to a whole part. */
const firstPartBytes = 65_536

function grown(part: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(part.byteLength * 4, limits.filePartBytes))
  larger.set(part)
  return larger
}
