import type { OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Instant } from "../../src/kernel/time.ts"
import { eventFrame } from "../../src/platform/events/sse.ts"
import type { EventRow } from "../../src/platform/events/tables.ts"

/** The request header that carries `StreamWanted`; no client can reach the object, so nobody else can set it. */
export const streamHeader = "x-waybill-stream"

/** `turn` grows whenever a user's first chat socket opens or the last one is gone for good. */
export type RosterTurn = { readonly turn: number; readonly isLive: boolean }

/** What the Worker has verified about a stream before it asks for one. */
export type StreamWanted = {
  /** The user or API key that reads it. */
  readonly actorId: string
  /** Everything up to here was received. */
  readonly afterSeq: number
  /** Of those that events name, the ones the reader holds. */
  readonly permissions: readonly string[]
  /** The types asked for; null for all. */
  readonly types: readonly string[] | null
  /** What a revocation of the reader's rights may name. */
  readonly subjects: readonly string[]
  readonly expiresAt: Instant
}

/** What stands in a socket's attachment, and so survives the object's sleep: `cursor` moves with what was sent. */
export type Stream = Omit<StreamWanted, "afterSeq"> & { readonly cursor: number }

export type Arrival = { readonly orgId: OrganizationId } & StreamWanted

export const streamOf = ({ orgId: _orgId, afterSeq, ...wanted }: Arrival): Stream => ({ ...wanted, cursor: afterSeq })

/** Whether one more stream of this reader fits beside those that are open. */
export const hasRoom = (open: readonly Stream[], actorId: string): boolean =>
  open.length < limits.streamsPerOrganizationMax && open.filter((stream) => stream.actorId === actorId).length < limits.streamsPerActorMax

/** Where the next read starts for all of them: at the one that is furthest behind. */
export const furthestBehind = (open: readonly Stream[]): number =>
  open.reduce((least, { cursor }) => Math.min(least, cursor), Number.POSITIVE_INFINITY)

const maySee = ({ permissions, types }: Stream, { permission, type }: EventRow): boolean =>
  permissions.includes(permission) && (types === null || types.includes(type))

/**
 * What a stream is sent of a page that was read from `readAfter` on, in the order of commit, and where it stands then. A
 * stream that stands before the page's start came while it was read: it gets nothing of it, or it would miss what lies between.
 */
export function advance(stream: Stream, readAfter: number, page: readonly EventRow[]): { readonly stream: Stream; readonly text: string } {
  if (stream.cursor < readAfter) return { stream, text: "" }
  const fresh = page.filter(({ seq }) => seq > stream.cursor)
  const text = fresh
    .filter((row) => maySee(stream, row))
    .map(eventFrame)
    .join("")
  return { stream: { ...stream, cursor: fresh.at(-1)?.seq ?? stream.cursor }, text }
}
