import { type MessageFacts, messageView } from "../../src/domains/chat/rules.ts"
import type { ConversationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { SocketFacts } from "./rpc.ts"
import type { InboxStore } from "./store.ts"

/** Why a socket was closed by this side. 4000 to 4999 are for applications to give meaning (RFC 6455, section 7.4.2). */
const closings = {
  FLOOD: { code: 1008, reason: "Too many frames" },
  EXPIRED: { code: 4401, reason: "The token has expired; open another with a new one" },
  REVOKED: { code: 4403, reason: "Access was revoked" },
  REPLACED: { code: 4409, reason: "Too many sockets of this user; the oldest makes way" },
} as const

type Closing = keyof typeof closings

export type Socket = { readonly id: string; readonly facts: SocketFacts; readonly openedAt: Instant; readonly raw: WebSocket }

/** The stretch of a conversation that a socket has got, so that it gets nothing twice. */
type Stretch = { from: number; to: number }

/**
 * A user's open sockets. What must outlive a hibernation stands in the store; what is kept here is only about frames
 * of this very moment: what a socket got matters to a resume under way.
 */
export class Sockets {
  readonly #state: DurableObjectState
  readonly #store: InboxStore
  readonly #stretches = new Map<string, Map<ConversationId, Stretch>>()
  /** Messages that wait until a new socket has said what it missed, so that what is older comes first (INV-CHT-7). */
  readonly #held = new Map<string, MessageFacts[]>()
  readonly #resuming = new Set<string>()

  constructor(state: DurableObjectState, store: InboxStore) {
    this.#state = state
    this.#store = store
  }

  /** Takes a socket, and lets the oldest go where there are too many. */
  accept(raw: WebSocket, facts: SocketFacts, now: Instant): void {
    const open = this.open()
    for (const oldest of open.slice(0, Math.max(0, open.length - limits.chatSocketsPerUserMax + 1))) this.close(oldest, "REPLACED")
    const id = crypto.randomUUID()
    this.#state.acceptWebSocket(raw, [id])
    raw.serializeAttachment(id)
    this.#store.addSocket(id, facts, now)
    this.#held.set(id, [])
    setTimeout(() => this.#giveUpWaiting(id), limits.chatHoldMs)
  }

  /** A resume has come: what is new waits until the socket is released. */
  hold({ id }: Socket): void {
    this.#resuming.add(id)
    if (!this.#held.has(id)) this.#held.set(id, [])
  }

  open(): Socket[] {
    const byId = new Map(this.#state.getWebSockets().map((raw) => [idOf(raw), raw]))
    return this.#store.sockets().flatMap(({ id, facts, openedAt }) => {
      const raw = byId.get(id)
      if (raw !== undefined && raw.readyState === WebSocket.OPEN) return [{ id, facts, openedAt, raw }]
      return []
    })
  }

  /** The socket that a frame came on, unless it was closed meanwhile. */
  of(raw: WebSocket): Socket | undefined {
    if (raw.readyState !== WebSocket.OPEN) return undefined
    const id = idOf(raw)
    const row = this.#store.sockets().find((socket) => socket.id === id)
    return row === undefined ? undefined : { ...row, raw }
  }

  close({ id, raw }: Pick<Socket, "id" | "raw">, why: Closing): void {
    const { code, reason } = closings[why]
    this.forget(id)
    try {
      raw.close(code, reason)
    } catch {
      // It is closed already.
    }
  }

  forget(id: string): void {
    this.#store.removeSocket(id)
    this.#stretches.delete(id)
    this.#held.delete(id)
    this.#resuming.delete(id)
  }

  /** Rows of sockets that died without a word, with the object that held them. */
  sweep(): void {
    const open = new Set(this.open().map(({ id }) => id))
    for (const { id } of this.#store.sockets()) if (!open.has(id)) this.forget(id)
  }

  send({ raw }: Pick<Socket, "raw">, frame: unknown): void {
    try {
      raw.send(JSON.stringify(frame))
    } catch {
      // A socket that is gone gets the rest by its next resume.
    }
  }

  sendToAll(frame: unknown, except?: Socket): void {
    for (const socket of this.open()) if (socket.id !== except?.id) this.send(socket, frame)
  }

  /** A message to one socket, unless it has it. What is new waits for a resume that is expected or under way. */
  sendMessage(socket: Socket, message: MessageFacts, isMissed = false): void {
    const held = isMissed ? undefined : this.#held.get(socket.id)
    if (held !== undefined) {
      held.push(message)
      if (held.length >= limits.chatResumeMessagesMax) this.release(socket)
      return
    }
    if (this.has(socket, message)) return
    this.send(socket, { type: "message", ...messageView(message, socket.facts.userId) })
    this.got(socket, message)
  }

  /** Nothing older is to come: sends what waited. */
  release(socket: Socket): void {
    this.#resuming.delete(socket.id)
    const held = this.#held.get(socket.id) ?? []
    this.#held.delete(socket.id)
    for (const message of held) this.sendMessage(socket, message)
  }

  /** No resume came: the socket's client follows from here on. */
  #giveUpWaiting(id: string): void {
    if (!this.#held.has(id) || this.#resuming.has(id)) return
    const socket = this.open().find((one) => one.id === id)
    if (socket === undefined) this.#held.delete(id)
    else this.release(socket)
  }

  has(socket: Socket, { conversationId, seq }: MessageFacts): boolean {
    const stretch = this.#stretches.get(socket.id)?.get(conversationId)
    return stretch !== undefined && seq >= stretch.from && seq <= stretch.to
  }

  /** Whether it was open when the message was stored. */
  wasOpenAt(socket: Socket, { at }: MessageFacts): boolean {
    return at >= socket.openedAt
  }

  /** Notes that the socket has the message; an acknowledgement counts. What does not touch the stretch begins a new one. */
  got(socket: Socket, { conversationId, seq }: Pick<MessageFacts, "conversationId" | "seq">, from = seq): void {
    let stretches = this.#stretches.get(socket.id)
    if (stretches === undefined) {
      stretches = new Map()
      this.#stretches.set(socket.id, stretches)
    }
    const stretch = stretches.get(conversationId)
    if (stretch !== undefined && from <= stretch.to + 1 && seq >= stretch.from - 1) {
      stretch.from = Math.min(stretch.from, from)
      stretch.to = Math.max(stretch.to, seq)
    } else if (stretch === undefined || seq > stretch.to) stretches.set(conversationId, { from, to: seq })
  }
}

const ids = new WeakMap<WebSocket, string>()

/** What the socket has carried since it was accepted, read once in an instance's life. */
function idOf(raw: WebSocket): string {
  const known = ids.get(raw)
  if (known !== undefined) return known
  const id = String(raw.deserializeAttachment())
  ids.set(raw, id)
  return id
}
