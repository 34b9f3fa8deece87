import type { Books } from "../books.ts"
import type { SocketLog } from "../chat-device.ts"
import { groupBy, must } from "./check.ts"

type Frame = SocketLog["frames"][number]

/** Of what a socket brought each message came once; from the resume on in order, without a gap, and as it stands. */
export function socketsHeardOnce({ sockets, conversations }: Books): number {
  const idAt = new Map(conversations.flatMap(({ id, sides }) => (sides[0] ?? []).map((message) => [`${id} ${message.seq}`, message.id])))
  for (const socket of sockets) {
    const { client, frames } = socket
    const messages = new Set<string>()
    for (const { type, conversation, seq, id } of frames) {
      const place = `${conversation} ${seq}`
      must(idAt.get(place) === id, () => `${client} heard ${id} at ${place}, which is ${idAt.get(place)}`)
      must(type === "ack" || !messages.has(place), () => `${client} heard ${place} twice`)
      if (type === "message") messages.add(place)
    }
    for (const [conversation, told] of groupBy(frames, (frame) => frame.conversation)) mustGoOn(socket, conversation, told)
  }
  return sockets.reduce((sum, { frames }) => sum + frames.length, 0)
}

function mustGoOn({ client, over, after, frames, resumedAt }: SocketLog, conversation: string, told: readonly Frame[]): void {
  if (resumedAt === undefined) return
  const missed = frames.slice(0, resumedAt).filter((frame) => frame.conversation === conversation)
  const places = new Set(missed.map(({ seq }) => seq))
  // Of what it did not ask for it hears from some message on.
  let last = after[conversation] ?? (told[0]?.seq ?? 1) - 1
  const lacks = (seq: number): string => `${client} (${over}) heard of ${conversation} ${seq}, after ${last}`
  // What it missed may come after what was new, where its resume was late.
  for (const seq of [...places].sort((a, b) => a - b)) {
    must(seq <= last + 1, () => lacks(seq))
    last = Math.max(last, seq)
  }
  for (const { type, seq } of told.slice(missed.length)) {
    const isRepeat = type === "ack" && seq <= last
    must(isRepeat || seq === last + 1, () => lacks(seq))
    last = Math.max(last, seq)
  }
}

/** Whoever asked for anything while the wires of others stood still was answered before those went on. */
export function nobodyWaitedForTheSlow({ meanwhile, held, wentOnAt }: Books): number {
  must(held > 0, () => "no wire stood still")
  for (const { what, askedAt, answeredAt } of meanwhile)
    must(
      answeredAt !== undefined && answeredAt <= wentOnAt,
      () => `${what} was asked for at ${askedAt} and answered at ${answeredAt}; the slow ones went on at ${wentOnAt}`,
    )
  return meanwhile.length
}
