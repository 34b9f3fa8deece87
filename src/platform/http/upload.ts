import { decodeField, type MultipartError, make, type PartInfo } from "multipasta"
import { toHex } from "../../kernel/digest.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { type Instant, second } from "../../kernel/time.ts"
import { answeredWithin } from "../../kernel/within.ts"
import { brokeOff } from "./body.ts"
import { invalidAt } from "./input.ts"

/** The next piece of a body, or undefined at its end. */
export type Chunks = () => Promise<Uint8Array | undefined>

type Opened = {
  readonly fields: Readonly<Record<string, string>>
  readonly filename: string | undefined
  readonly length: number | undefined
  readonly lengthMax: number | undefined
  readonly next: Chunks
  readonly cancel: () => Promise<void>
}

/**
 * A body that is read as it comes and never held whole: the request's own, or the file in a form. Nothing is read
 * ahead, so whoever sends waits for whoever stores.
 */
export class Upload {
  /** A form's text fields, which stand before its file; none of a raw body. */
  readonly fields: Readonly<Record<string, string>>
  /** What a form's file calls itself. */
  readonly filename: string | undefined
  /** Bytes, where the request says how many before they come: a raw body with Content-Length. */
  readonly length: number | undefined
  /** Bytes at most, where the request says how many it has itself: a form's file is a little shorter than the form. */
  readonly lengthMax: number | undefined
  readonly #next: Chunks
  readonly #cancel: () => Promise<void>
  readonly #bytesMax: number
  readonly #digest = new crypto.DigestStream("SHA-256")
  readonly #hasher = this.#digest.getWriter()
  readonly #seal: (upload: Upload, sha256: string) => Promise<void>
  #finished: Promise<string> | undefined
  #isAtEnd = false
  #bytesRead = 0
  #readAt: Instant = Date.now()

  constructor(
    { fields, filename, length, lengthMax, next, cancel }: Opened,
    bytesMax: number,
    seal: (upload: Upload, sha256: string) => Promise<void>,
  ) {
    this.fields = fields
    this.filename = filename
    this.length = length
    this.lengthMax = lengthMax
    this.#next = next
    this.#cancel = cancel
    this.#bytesMax = bytesMax
    this.#seal = seal
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  /** When the last piece came. */
  get readAt(): Instant {
    return this.#readAt
  }

  /** The next piece, or undefined at the end. @throws RefusalError PAYLOAD_TOO_LARGE, or VALIDATION_FAILED for a body that breaks off. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#isAtEnd) return undefined
    const chunk = await this.#next()
    this.#readAt = Date.now()
    if (chunk === undefined) {
      this.#isAtEnd = true
      return undefined
    }
    this.#bytesRead += chunk.byteLength
    if (this.#bytesRead > this.#bytesMax) {
      await this.#cancel()
      throw tooLarge(this.#bytesMax)
    }
    await this.#hasher.write(chunk)
    return chunk
  }

  /**
   * Reads the rest of a refused body and throws it away, as far as it may go: a client that is still sending often does not
   * look at the answer, and takes a closed connection for an outage.
   */
  async abandon(): Promise<void> {
    try {
      for (let bytes = this.#bytesRead; !this.#isAtEnd && bytes <= this.#bytesMax; ) {
        const chunk = await this.#next()
        if (chunk === undefined) this.#isAtEnd = true
        bytes += chunk?.byteLength ?? 0
      }
    } catch {
      // It broke off, or was let go already.
    }
    if (!this.#isAtEnd) await this.#cancel()
  }

  /** Reads what is left, and answers the SHA-256 of all of it as hex digits. From then on the request's hash is known, too. */
  finish(): Promise<string> {
    this.#finished ??= this.#finish()
    return this.#finished
  }

  async #finish(): Promise<string> {
    while ((await this.read()) !== undefined);
    await this.#hasher.close()
    const sha256 = toHex(new Uint8Array(await this.#digest.digest))
    await this.#seal(this, sha256)
    return sha256
  }
}

const tooLarge = (bytesMax: number): RefusalError => new RefusalError({ code: "PAYLOAD_TOO_LARGE", detail: `At most ${bytesMax} bytes.` })

/**
 * Begins to read a body: of a form, up to where its file starts. `seal` is told the digest once all was read.
 * @throws RefusalError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE for a compressed body, VALIDATION_FAILED for a form that is none.
 * All that is read of it keeps to the pace.
 */
export async function openUpload(
  request: Request,
  bytesMax: number,
  seal: (upload: Upload, sha256: string) => Promise<void>,
  pace: Pace = usualPace,
): Promise<Upload> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity"
  if (encoding !== "identity") {
    throw new RefusalError({ code: "UNSUPPORTED_MEDIA_TYPE", detail: "Send the file as it is, without Content-Encoding." })
  }
  const type = request.headers.get("content-type") ?? ""
  const isForm = /^\s*multipart\/form-data\s*(;|$)/i.test(type)
  const header = request.headers.get("content-length")
  const length = header === null ? undefined : Number(header)
  if (length !== undefined && length > bytesMax + (isForm ? limits.formOverheadBytesMax : 0)) throw tooLarge(bytesMax)
  const source = sourceOf(request, pace)
  const opened = isForm
    ? { ...(await openForm(type, source, bytesMax)), lengthMax: length }
    : { fields: {}, filename: undefined, length: request.body === null ? 0 : length, lengthMax: length, ...source }
  return new Upload(opened, bytesMax, seal)
}

type Source = { readonly next: Chunks; readonly cancel: () => Promise<void> }

/** How slow a sender may be. What it waits for whoever stores is not counted. */
type Pace = { readonly pauseMsMax: number; readonly bytesPerSecondMin: number }

const usualPace: Pace = { pauseMsMax: limits.uploadPauseSecondsMax * second, bytesPerSecondMin: limits.uploadBytesPerSecondMin }

/** How long the next piece may take of a sender that has been waited for so long in all. Not positive where it is too slow already. */
export const patienceMs = ({ pauseMsMax, bytesPerSecondMin }: Pace, bytesRead: number, waitedMs: number): number =>
  Math.min(pauseMsMax, pauseMsMax + (bytesRead / bytesPerSecondMin) * second - waitedMs)

const pieceBytesMax = 65_536

/** A few bytes would else hold the whole room they were read into: whoever sends a form's field byte by byte could fill the memory. */
const compact = (piece: Uint8Array): Uint8Array => (piece.byteLength * 4 < piece.buffer.byteLength ? piece.slice() : piece)

type Reader = { readonly read: () => Promise<ReadableStreamReadResult<Uint8Array>>; readonly cancel: () => Promise<void> }

/** Left alone, the runtime gives pieces of 4 KiB, each of which is waited for three times on its way to the bucket. */
function readerOf(body: ReadableStream<Uint8Array>): Reader {
  try {
    const reader = body.getReader({ mode: "byob" })
    return { read: () => reader.read(new Uint8Array(pieceBytesMax)), cancel: () => reader.cancel() }
  } catch {
    // A stream that was made in JavaScript and not of bytes; it gives what pieces it has.
    return body.getReader()
  }
}

function sourceOf({ body }: Request, pace: Pace): Source {
  if (body === null) return { next: async () => undefined, cancel: async () => undefined }
  const reader = readerOf(body)
  const cancel = (): Promise<void> => reader.cancel().catch(() => undefined)
  let bytesRead = 0
  let waitedMs = 0
  return {
    async next() {
      const began = Date.now()
      const piece = await answeredWithin(patienceMs(pace, bytesRead, waitedMs), reader.read()).catch(() => {
        throw brokeOff()
      })
      if (piece === undefined) {
        await cancel()
        throw invalidAt("", `The body comes too slowly: send at least ${pace.bytesPerSecondMin} bytes a second.`, "TOO_SLOW")
      }
      waitedMs += Date.now() - began
      bytesRead += piece.value?.byteLength ?? 0
      return piece.done ? undefined : compact(piece.value)
    },
    cancel,
  }
}

const formFaults = {
  InvalidBoundary: "The form's Content-Type names no boundary.",
  BadHeaders: "A part of the form has headers that are none.",
  InvalidDisposition: "A part of the form has no name.",
  ReachedLimit: "The form has too many parts, or a field that is too long.",
  EndNotReached: "The form broke off.",
} as const satisfies Record<MultipartError["_tag"], string>

/** The fields of a form up to its file, and the file as what is left to read. Pushed in piece by piece, it holds one piece at a time. */
async function openForm(type: string, { next, cancel }: Source, bytesMax: number): Promise<Omit<Opened, "lengthMax">> {
  const fields = new Map<string, string>()
  const pieces: Uint8Array[] = []
  let filename: string | undefined
  let hasFile = false
  let isDone = false
  let fault: string | undefined
  let bytesRead = 0
  const parser = make({
    headers: { "content-type": type },
    maxParts: limits.formPartsMax,
    maxFieldSize: limits.formFieldBytesMax,
    isFile: (info: PartInfo) => info.filename !== undefined || info.name === "file",
    onField(info, value) {
      if (hasFile) fault ??= "The file comes last."
      else if (fields.has(info.name)) fault ??= "A field stands twice."
      else fields.set(info.name, decodeField(info, value))
    },
    onFile(info) {
      if (hasFile) {
        fault ??= "The form has more than one file."
        return () => undefined
      }
      hasFile = true
      filename = info.filename
      return (piece) => {
        if (piece !== null && piece.byteLength > 0) pieces.push(piece)
      }
    },
    onError: (error) => {
      fault ??= formFaults[error._tag]
    },
    onDone: () => {
      isDone = true
    },
  })
  const failed = (message: string): RefusalError => invalidAt("", message, "INVALID_FORM")
  /** Reads one more piece of the body. False at its end. */
  const pump = async (): Promise<boolean> => {
    const chunk = await next()
    try {
      if (chunk === undefined) parser.end()
      else parser.write(chunk)
    } catch {
      fault ??= formFaults.BadHeaders
    }
    if (chunk === undefined && !isDone) fault ??= formFaults.EndNotReached
    bytesRead += chunk?.byteLength ?? 0
    if (bytesRead > bytesMax + limits.formOverheadBytesMax) {
      await cancel()
      throw tooLarge(bytesMax)
    }
    if (fault !== undefined) {
      await cancel()
      throw failed(fault)
    }
    return chunk !== undefined
  }
  while (!hasFile) if (!(await pump())) throw failed("The form has no file.")
  return {
    fields: Object.fromEntries(fields),
    filename,
    length: undefined,
    async next() {
      for (;;) {
        const piece = pieces.shift()
        if (piece !== undefined) return piece
        if (!(await pump())) return undefined
      }
    },
    cancel,
  }
}
