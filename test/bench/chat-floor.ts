import type { Delivered, EphemeralFrame } from "../../durable-objects/chat-inbox/client.ts"
import { InboxStore } from "../../durable-objects/chat-inbox/store.ts"
import { type MessageFacts, messageView } from "../../src/domains/chat/rules.ts"
import type { ConversationId, MessageId, UserId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { callObject, type ObjectCall } from "./bindings.ts"

/** A frame's message as a room takes it: what is read here of the recorded call. */
type Message = { readonly id: MessageId; readonly by: { readonly userId: UserId } }

type Sent =
  | { readonly ok: true; readonly value: { readonly seq: number; readonly since: readonly MessageFacts[] } }
  | { readonly ok: false; readonly error: { readonly code: string } }

/** Names the recorded call of a socket that is opened for the floor. */
export const floorCallHeader = "x-floor-call"
const tag = "floor"

/** Another id of the same kind and age. */
export const otherId = <T extends string>(id: T): T => (id.slice(0, 14) + crypto.randomUUID().replaceAll("-", "").slice(0, 16)) as T

/** A socket on the bare inbox of whoever made the recorded call: it stands where the API's does, in the user's own object. */
export async function openFloorSocket(env: Bindings, call: ObjectCall): Promise<Response> {
  const [{ by }] = call.args as readonly [Message]
  const inbox = env.CHAT_INBOX.get(env.CHAT_INBOX.idFromName(by.userId))
  const headers = { upgrade: "websocket", [floorCallHeader]: encodeURIComponent(JSON.stringify(call)) }
  const { status, webSocket } = await inbox.fetch("https://chat-inbox/floor", { headers })
  return new Response(null, { status, webSocket })
}

/**
 * The floor of a message: what an inbox cannot leave out. Each frame is the recorded call of the room again, as another
 * message; what came since and the message itself are written by the deployed inbox's own statements, shown on the sockets
 * and acknowledged. The room is the deployed one: it stores, delivers to the other side's bare inbox and tells of that.
 * Nobody is asked who they are, what they may do, or whether the frame is well formed.
 */
export class BareInbox {
  readonly #state: DurableObjectState
  readonly #env: Bindings
  readonly #store: InboxStore
  readonly #known = new Map<ConversationId, number>()
  readonly #calls = new WeakMap<WebSocket, ObjectCall>()

  constructor(state: DurableObjectState, env: Bindings) {
    this.#state = state
    this.#env = env
    this.#store = new InboxStore(state.storage.sql)
  }

  get isOpen(): boolean {
    return this.#state.getWebSockets(tag).length > 0
  }

  has(raw: WebSocket): boolean {
    return this.#state.getTags(raw).includes(tag)
  }

  open(call: string): Response {
    const { 0: client, 1: server } = new WebSocketPair()
    this.#state.acceptWebSocket(server, [tag])
    server.serializeAttachment(JSON.parse(decodeURIComponent(call)))
    return new Response(null, { status: 101, webSocket: client })
  }

  async say(raw: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const { client_id: clientId, content } = JSON.parse(String(data)) as { client_id: string; content: string }
    const call = this.#callOf(raw)
    const conversationId = call.name as ConversationId
    const [message] = call.args as readonly [Message]
    const id = otherId(message.id)
    const args = [{ ...message, id, clientId, content, knownSeq: this.#known.get(conversationId) }]
    const sent = (await callObject(this.#env.CHAT_ROOM, { ...call, args })) as Sent
    if (!sent.ok) return raw.send(JSON.stringify({ type: "error", client_id: clientId, code: sent.error.code }))
    const { seq, since } = sent.value
    this.#bring(since, message.by.userId, { seq, saidOn: raw })
    raw.send(JSON.stringify({ type: "ack", client_id: clientId, id, seq, conversation_id: conversationId }))
  }

  deliver(messages: readonly MessageFacts[]): Delivered {
    const [raw] = this.#state.getWebSockets(tag)
    const reader = raw === undefined ? undefined : (this.#callOf(raw).args as readonly [Message])[0].by.userId
    return { reachedSeq: this.#bring(messages, reader), isLive: true, isDelivered: true }
  }

  notify(frames: readonly EphemeralFrame[]): void {
    for (const raw of this.#state.getWebSockets(tag)) for (const frame of frames) raw.send(JSON.stringify(frame))
  }

  #bring(
    messages: readonly MessageFacts[],
    reader: UserId | undefined,
    own?: { readonly seq: number; readonly saidOn: WebSocket },
  ): number {
    const known = this.#known.get(messages[0]?.conversationId as ConversationId) ?? 0
    const fresh = messages.filter(({ seq }) => seq > known)
    const last = fresh.at(-1)
    if (last === undefined) return known
    this.#store.advance(last, 0, own?.seq)
    this.#known.set(last.conversationId, last.seq)
    for (const raw of this.#state.getWebSockets(tag))
      for (const message of fresh)
        if (raw !== own?.saidOn || message.seq !== own.seq)
          raw.send(JSON.stringify({ type: "message", ...messageView(message, reader ?? message.senderId) }))
    return last.seq
  }

  #callOf(raw: WebSocket): ObjectCall {
    const known = this.#calls.get(raw)
    if (known !== undefined) return known
    const call = raw.deserializeAttachment() as ObjectCall
    this.#calls.set(raw, call)
    return call
  }
}
