import { parse } from "csv-parse/sync"

/** One record of a CSV file as it lies in it. */
export type CsvRecord = {
  /** Where the next record begins, in bytes from the file's start. */
  readonly end: number
  /** Its bytes without its line break; empty where a fault says why it is not to be read. */
  readonly bytes: Uint8Array
  readonly fault: CsvFault | undefined
}

type CsvFault = "TOO_LONG" | "UNCLOSED_QUOTE" | "STRAY_QUOTE" | "NOT_UTF8"

const quote = 0x22
const comma = 0x2c
const lineFeed = 0x0a
const carriageReturn = 0x0d
const byteOrderMark = [0xef, 0xbb, 0xbf]

/**
 * The records of a CSV file (RFC 4180), piece by piece, from `offset` on, which is a record's beginning. Empty lines are
 * left out, a line break is CRLF, LF or CR. It only says where records end: so a reader can stop after any of them and go
 * on from there later, and one that is longer than `bytesMax` is passed over without being held. A byte order mark at the
 * file's beginning is no part of it. `cellsOf` reads them.
 */
export async function* csvRecords(pieces: AsyncIterable<Uint8Array>, offset: number, bytesMax: number): AsyncGenerator<CsvRecord> {
  const held = new Uint8Array(bytesMax)
  let length = 0
  let at = offset
  let isTooLong = false
  let isInQuotes = false
  let isAtFieldStart = true
  /** A quote within quotes ends them, unless another follows. */
  let isAfterQuote = false
  let isAfterReturn = false
  let markBytes = 0
  const record = (fault?: CsvFault): CsvRecord => {
    const why = isTooLong ? "TOO_LONG" : fault
    const found = { end: at, bytes: why === undefined ? held.slice(0, length) : new Uint8Array(0), fault: why }
    length = 0
    isTooLong = false
    isInQuotes = false
    isAtFieldStart = true
    isAfterQuote = false
    return found
  }
  for await (const piece of pieces) {
    for (const byte of piece) {
      at += 1
      if (at === markBytes + 1 && byte === byteOrderMark[markBytes]) {
        markBytes = at
        continue
      }
      if (isAfterReturn) {
        isAfterReturn = false
        if (byte === lineFeed) {
          if (length > 0 || isTooLong) yield record()
          continue
        }
        at -= 1
        if (length > 0 || isTooLong) yield record()
        at += 1
      }
      if (isAfterQuote) {
        isAfterQuote = false
        if (byte !== quote) isInQuotes = false
      } else if (isInQuotes && byte === quote) {
        isAfterQuote = true
      } else if (!isInQuotes && byte === quote && isAtFieldStart) {
        isInQuotes = true
      }
      if (!isInQuotes && byte === carriageReturn) {
        isAfterReturn = true
        continue
      }
      if (!isInQuotes && byte === lineFeed) {
        if (length > 0 || isTooLong) yield record()
        continue
      }
      isAtFieldStart = !isInQuotes && byte === comma
      if (length < bytesMax) held[length++] = byte
      else isTooLong = true
    }
  }
  if (length > 0 || isTooLong) yield record(isInQuotes && !isAfterQuote ? "UNCLOSED_QUOTE" : undefined)
}

/** The cells of a record, or why it is none. */
export function cellsOf({ bytes, fault }: CsvRecord): readonly string[] | CsvFault {
  if (fault !== undefined) return fault
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return "NOT_UTF8"
  }
  if (!text.includes('"')) return text.split(",")
  try {
    const [cells = []] = parse(text, { relax_column_count: true }) as string[][]
    return cells
  } catch {
    return "STRAY_QUOTE"
  }
}

/** A stream's pieces; whoever stops before its end lets go of it. */
export async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
