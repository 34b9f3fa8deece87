import { decodeCursor, encodeCursor } from "../../kernel/cursor.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { EventRow } from "./tables.ts"

const cursorKind = "event-stream"

/** A place in an organization's stream, as clients see it: everything up to the event with this `seq` was received. */
export const streamId = (seq: number): string => encodeCursor(cursorKind, [seq])

/** The `seq` that a Last-Event-ID stands for, or undefined when it is none of ours. */
export function seqOfStreamId(id: string): number | undefined {
  const [seq] = decodeCursor(cursorKind, ["number"], id) ?? []
  return typeof seq === "number" && seq >= 0 ? seq : undefined
}

export const toEventView = ({ id, type, at, data }: Pick<EventRow, "id" | "type" | "at" | "data">) => ({
  id,
  type,
  at: formatInstant(at),
  data,
})

/** One event as Server-Sent Events write it (WHATWG HTML, section 9.2). JSON has no line breaks of its own, and types are words of ours. */
const frame = (seq: number, event: string, data: unknown): string =>
  `id: ${streamId(seq)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`

export const eventFrame = (row: EventRow): string => frame(row.seq, row.type, toEventView(row))

/** Tells a reader who was away for too long that what it holds may be old: it reads its lists anew, and the stream goes on from now. */
export const resetFrame = (seq: number): string => frame(seq, "reset", { reason: "TOO_FAR_BEHIND" })

/** Says how long to wait before reconnecting, in milliseconds, and makes intermediaries let the first bytes through. */
export const openingFrame = (retryMs: number): string => `retry: ${retryMs}\n\n`

export const heartbeatFrame = ": still here\n\n"
