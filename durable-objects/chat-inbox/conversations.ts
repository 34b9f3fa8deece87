import { type Attachment, type ChatIdentity, linkOfConversation, type MessageFacts, messageIdOf } from "../../src/domains/chat/rules.ts"
import type { ConversationId, FileId, MessageId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { ok, type Refusal, type Result, refuse } from "../../src/kernel/result.ts"
import type { Instant } from "../../src/kernel/time.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { TenantDb } from "../../src/platform/db/tenant-db.ts"
import { type Bindings, configOf } from "../../src/platform/env.ts"
import { type ChatRoomRpc, callRoom, type Resumed } from "../chat-room/client.ts"
import { KeyedLock } from "../shared/keyed-lock.ts"
import { introduceLink } from "../supplier-ledger/client.ts"
import { hasLink, isListed } from "./acquaintance.ts"
import { fileOfUrl } from "./attachments.ts"
import { Claims } from "./claims.ts"
import { isComplaintOf } from "./complaints.ts"
import type { MessageFrame, ReadFrame, ResumeFrame, TypingFrame } from "./frames.ts"
import type { Purse } from "./purse.ts"
import { findRecipient } from "./recipients.ts"
import type { Delivered } from "./rpc.ts"
import type { Socket, Sockets } from "./sockets.ts"
import type { InboxStore } from "./store.ts"

type Ports = {
  readonly env: Bindings
  readonly store: InboxStore
  readonly sockets: Sockets
  readonly purse: Purse
  readonly transaction: <T>(work: () => T) => T
  /** Files are claimed: the alarm looks what became of the message. Part of a transaction. */
  readonly claimed: () => void
}

/** The message that was just said, and on which socket. */
type Own = { readonly saidOn: Socket; readonly id: MessageId; readonly seq: number }

/** Rooms asked at once by one resume. */
const roomsAtOnceMax = 4

/** What this user says in conversations and hears from them. One at a time in each, so that every socket hears in order. */
export class Conversations {
  readonly #ports: Ports
  readonly #locks = new KeyedLock<ConversationId>()
  /** Conversations that one's own side turned out to know of; not needed for correctness. */
  readonly #found = new Set<ConversationId>()
  readonly #claims: Claims

  constructor(ports: Ports) {
    this.#ports = ports
    const { env, store, transaction, claimed } = ports
    this.#claims = new Claims({
      store,
      transaction,
      claimed,
      db: (orgId) => this.#db({ orgId }, "a chat message claims files, or gives them back"),
      isStored: (conversationId, messageId) => callRoom(env, conversationId, (room) => room.has(messageId)),
    })
  }

  /** INV-CHT-2: stores a message by one call to its room, acknowledges it, and shows it on the user's other sockets. */
  async send(socket: Socket, frame: MessageFrame): Promise<Result<null>> {
    const { facts } = socket
    if (!facts.maySend) return refuse("FORBIDDEN", "This token may read conversations, not write in them.")
    const clientId = frame.client_id ?? crypto.randomUUID()
    const sent = await this.#sendTo(socket, frame, clientId, false)
    // The link that was remembered may have ended, and another one be there by now.
    const isStale =
      !sent.ok && (sent.error.code === "LINK_NOT_APPROVED" || sent.error.code === "NOT_FOUND") && frame.recipient_id !== undefined
    const outcome = isStale ? await this.#sendTo(socket, frame, clientId, true) : sent
    // Whoever names a person learns no more of a link that was never approved than of none.
    const isHidden = !outcome.ok && outcome.error.code === "NOT_FOUND" && frame.recipient_id !== undefined
    return isHidden ? noPartner() : outcome
  }

  async #sendTo(socket: Socket, frame: MessageFrame, clientId: string, isSecond: boolean): Promise<Result<null>> {
    const { facts } = socket
    const found = await this.#conversationOf(socket, frame, isSecond)
    if (!found.ok) return found
    const conversationId = found.value
    if (conversationId === undefined) return noPartner()
    // Found by this side's own rows, of people and links.
    if (frame.recipient_id !== undefined) this.#remember(conversationId)
    const id = await messageIdOf(conversationId, facts.userId, clientId)
    const isOfComplaint = await this.#checkComplaint(socket, frame, conversationId)
    if (!isOfComplaint.ok) return isOfComplaint
    const fileIds = this.#filesOf(socket, frame)
    if (!fileIds.ok) return fileIds
    return fileIds.value.length === 0
      ? this.#store(socket, frame, conversationId, id, [])
      : this.#claims.during(id, () => this.#storeWithFiles(socket, frame, conversationId, id, fileIds.value))
  }

  /** INV-CHT-10: asked first whether the room would take it, so that files are seldom claimed in vain; given back where it does not after all. */
  async #storeWithFiles(
    socket: Socket,
    frame: MessageFrame,
    conversationId: ConversationId,
    messageId: MessageId,
    fileIds: readonly FileId[],
  ): Promise<Result<null>> {
    if (!this.#payDearly()) return tooFast()
    const by = identityOf(socket)
    const readers = await this.#askRoom(by, conversationId, (room) => room.mayWrite(by, messageId))
    if (!readers.ok) return readers
    const claimed = await this.#claims.claim(by, fileIds, conversationId, messageId, readers.value)
    if (!claimed.ok) return claimed
    // Where the room does not answer nobody knows whether it has the message: the claim stays, for the alarm to ask about.
    const stored = await this.#store(socket, frame, conversationId, messageId, claimed.value)
    if (stored.ok) this.#claims.kept(messageId)
    else await this.#claims.giveBack({ messageId, orgId: by.orgId, partnerId: readers.value.partnerId, fileIds })
    return stored
  }

  #store(
    socket: Socket,
    frame: MessageFrame,
    conversationId: ConversationId,
    id: MessageId,
    attachments: readonly Attachment[],
  ): Promise<Result<null>> {
    return this.#locks.run(conversationId, async () => {
      const { turn } = this.#owner
      const sent = await this.#askRoom(identityOf(socket), conversationId, (room) =>
        room.send({
          id,
          by: identityOf(socket),
          clientId: frame.client_id ?? null,
          recipientId: frame.recipient_id ?? null,
          content: frame.content ?? "",
          attachments,
          productIds: frame.product_ids ?? [],
          complaintId: frame.complaint_id ?? null,
          knownSeq: this.#ports.store.knownSeq(conversationId, turn),
        }),
      )
      if (!sent.ok) return sent
      const { seq, since } = sent.value
      const { store, sockets } = this.#ports
      const isNews = this.#bring(since, store.knownSeq(conversationId, this.#owner.turn), { saidOn: socket, id, seq })
      if (!isNews) store.markRead(conversationId, seq, Date.now())
      sockets.send(socket, {
        type: "ack",
        ...(frame.client_id === undefined ? {} : { client_id: frame.client_id }),
        id,
        seq,
        conversation_id: conversationId,
      })
      return ok(null)
    })
  }

  /** Exactly what the socket has missed, in order, then the marks, then a frame that says it is done. */
  async resume(socket: Socket, { after }: ResumeFrame): Promise<void> {
    this.#ports.sockets.hold(socket)
    const wanted = Object.entries(after) as Array<[ConversationId, number]>
    const reached: Record<string, number> = {}
    const more: ConversationId[] = []
    let total = 0
    for (let start = 0; start < wanted.length; start += roomsAtOnceMax) {
      if (total >= limits.chatResumeTotalMessages) {
        more.push(...wanted.slice(start).map(([conversationId]) => conversationId))
        break
      }
      await Promise.all(
        wanted.slice(start, start + roomsAtOnceMax).map(async ([conversationId, seq]) => {
          const resumed = await this.#locks.run(conversationId, () => this.#resumeOne(socket, conversationId, seq))
          if (!resumed.ok) return this.#refuse(socket, resumed.error, { conversation_id: conversationId })
          total += resumed.value.messages.length
          reached[conversationId] = resumed.value.messages.at(-1)?.seq ?? Math.min(seq, resumed.value.lastSeq)
          if (reached[conversationId] < resumed.value.lastSeq) more.push(conversationId)
        }),
      )
    }
    this.#ports.sockets.release(socket)
    this.#ports.sockets.send(socket, { type: "resumed", conversations: reached, more })
  }

  async #resumeOne(socket: Socket, conversationId: ConversationId, after: number): Promise<Result<Resumed>> {
    const resumed = await this.#askRoom(identityOf(socket), conversationId, (room) => room.resume(identityOf(socket), after))
    if (!resumed.ok) return resumed
    const { store, sockets, transaction } = this.#ports
    const { messages, lastSeq, readSeq, marks } = resumed.value
    const { turn } = this.#owner
    const known = store.knownSeq(conversationId, turn)
    const isWhole = (messages.at(-1)?.seq ?? lastSeq) === lastSeq
    for (const message of messages) {
      sockets.sendMessage(socket, message, true)
      if (!isWhole) continue
      // What no socket was told of yet, the others hear now, since the room counts it as brought.
      for (const other of sockets.open()) {
        if (other.id === socket.id) continue
        if (known === undefined ? sockets.wasOpenAt(other, message) : message.seq > known) sockets.sendMessage(other, message)
      }
    }
    if (isWhole) {
      if (lastSeq > after) sockets.got(socket, { conversationId, seq: lastSeq }, after + 1)
      const last = messages.at(-1)
      transaction(() => {
        if (last !== undefined && last.seq > (known ?? 0)) store.advance(last, turn)
        else if (known === undefined) store.follow(conversationId, turn, lastSeq, Date.now())
        if (readSeq > 0) store.markRead(conversationId, readSeq, Date.now())
      })
    }
    const mark = (type: "read" | "delivered", userId: string, seq: number) =>
      seq > 0 ? sockets.send(socket, { type, conversation_id: conversationId, user_id: userId, up_to_seq: seq }) : undefined
    mark("read", socket.facts.userId, readSeq)
    for (const { userId, readSeq: read, deliveredSeq } of marks) {
      if (deliveredSeq > read) mark("delivered", userId, deliveredSeq)
      mark("read", userId, read)
    }
    return resumed
  }

  async read(socket: Socket, { conversation_id, up_to_seq }: ReadFrame): Promise<Result<null>> {
    const result = await this.#askRoom(identityOf(socket), conversation_id, (room) => room.read(identityOf(socket), up_to_seq))
    if (!result.ok) return result
    this.keepRead(conversation_id, result.value.upToSeq)
    return ok(null)
  }

  /** The user's own mark, also told to all of the user's devices. */
  keepRead(conversationId: ConversationId, upToSeq: number): void {
    const { store, sockets, transaction } = this.#ports
    if (upToSeq > 0) transaction(() => store.markRead(conversationId, upToSeq, Date.now()))
    sockets.sendToAll({ type: "read", conversation_id: conversationId, user_id: this.#owner.userId, up_to_seq: upToSeq })
  }

  async typing(socket: Socket, { conversation_id }: TypingFrame): Promise<Result<null>> {
    if (!socket.facts.maySend) return refuse("FORBIDDEN", "This token may read conversations, not write in them.")
    return this.#askRoom(identityOf(socket), conversation_id, (room) => room.typing(identityOf(socket)))
  }

  /** Messages from a room, in order. The answer says how far this inbox is, so that the room knows what it lacks. */
  async deliver(messages: readonly MessageFacts[]): Promise<Delivered> {
    const [first] = messages
    if (first === undefined) return { reachedSeq: 0, isLive: true, isDelivered: false }
    return this.#locks.run(first.conversationId, async () => {
      const { store, sockets } = this.#ports
      const known = store.knownSeq(first.conversationId, this.#owner.turn)
      if (known !== undefined && first.seq > known + 1) return { reachedSeq: known, isLive: true, isDelivered: false }
      this.#bring(messages, known)
      return { reachedSeq: Math.max(known ?? 0, messages.at(-1)?.seq ?? 0), isLive: true, isDelivered: sockets.open().length > 0 }
    })
  }

  /**
   * Persists, then shows on every socket what is beyond `known`. The user's own message is read with it, and told to the
   * socket that it was said on by its acknowledgement. @returns whether anything was.
   */
  #bring(messages: readonly MessageFacts[], known: number | undefined, own?: Own): boolean {
    const { store, sockets } = this.#ports
    const fresh = messages.filter(({ seq }) => known === undefined || seq > known)
    const last = fresh.at(-1)
    if (last === undefined) return false
    store.advance(last, this.#owner.turn, own?.seq)
    for (const socket of sockets.open()) {
      for (const message of fresh) {
        if (message.id === own?.id && socket.id === own.saidOn.id) sockets.got(socket, message)
        else sockets.sendMessage(socket, message)
      }
    }
    return true
  }

  /**
   * A conversation that this user's own side knows of: by the inbox, by the organization's directory, or by its row of the
   * link. So a guessed id reaches no room and no ledger. Where `isReady` is false the inbox itself knows nothing yet.
   */
  async find(by: ChatIdentity, conversationId: ConversationId, isReady: boolean, mayPay: () => boolean): Promise<Result<null>> {
    if (this.#found.has(conversationId) || (isReady && this.#ports.store.has(conversationId))) return ok(null)
    const linkId = linkOfConversation(conversationId)
    if (linkId === undefined) return unknown()
    if (!(await isListed(this.#ports.env, by.orgId, conversationId))) {
      if (!mayPay()) return tooFast()
      if (!(await hasLink(this.#db(by, "a chat frame names a conversation that no list has yet"), linkId))) return unknown()
    }
    this.#remember(conversationId)
    return ok(null)
  }

  #remember(conversationId: ConversationId): void {
    if (this.#found.size >= limits.chatRecipientsKeptMax) this.#found.clear()
    this.#found.add(conversationId)
  }

  /** Asks a room that one's own side knows of; where it knows nothing of its link yet, the supplier's ledger tells it first. */
  async #askRoom<T>(by: ChatIdentity, conversationId: ConversationId, use: (room: ChatRoomRpc) => Promise<Result<T>>): Promise<Result<T>> {
    const { env } = this.#ports
    const known = await this.find(by, conversationId, true, () => this.#payDearly())
    if (!known.ok) return known
    const first = await callRoom(env, conversationId, use)
    const linkId = linkOfConversation(conversationId)
    if (first.ok || first.error.code !== "NOT_FOUND" || linkId === undefined) return first
    if (!this.#payDearly()) return tooFast()
    return (await introduceLink(env, new Meter(), by.orgId, linkId)) ? callRoom(env, conversationId, use) : first
  }

  async #conversationOf(socket: Socket, frame: MessageFrame, isSecond: boolean): Promise<Result<ConversationId | undefined>> {
    const { conversation_id, recipient_id } = frame
    if (recipient_id === undefined) return ok(conversation_id)
    const { store, transaction } = this.#ports
    const known = isSecond ? undefined : store.recipient(recipient_id)
    if (known !== undefined) return ok(known)
    if (!this.#payDearly()) return tooFast()
    const found = await findRecipient(this.#db(socket.facts, "a chat frame names its recipient"), identityOf(socket), recipient_id)
    if (found === undefined || !found.isActive) {
      transaction(() => store.forgetRecipient(recipient_id))
      return ok(undefined)
    }
    const { conversationId, pair } = found
    if (pair !== undefined) {
      const facts = { kind: "colleagues", id: conversationId, orgId: socket.facts.orgId, users: pair, openedAt: Date.now() } as const
      await callRoom(this.#ports.env, conversationId, (room) => room.openPair(facts))
    }
    transaction(() => store.rememberRecipient(recipient_id, conversationId))
    return ok(conversationId)
  }

  /** The files that a frame names, by their ids or by an address. */
  #filesOf({ facts }: Socket, { attachment_ids = [], attachment_url }: MessageFrame): Result<readonly FileId[]> {
    const ids = new Set(attachment_ids)
    if (attachment_url !== undefined) {
      const { PUBLIC_URL } = configOf(this.#ports.env)
      const origins = [facts.origin, ...(URL.canParse(PUBLIC_URL) ? [new URL(PUBLIC_URL).origin] : [])]
      const fileId = fileOfUrl(attachment_url, origins)
      if (fileId === undefined) return refuse("VALIDATION_FAILED", "attachment_url: Must be the address of a file that was uploaded here.")
      return withinMax([...new Set([fileId, ...ids])])
    }
    return withinMax([...ids])
  }

  /** INV-CHT-11: a complaint that a message is about is one that its sender sees, and between the two sides of the conversation. */
  async #checkComplaint(socket: Socket, { complaint_id: id }: MessageFrame, conversationId: ConversationId): Promise<Result<null>> {
    if (id === undefined) return ok(null)
    if (!this.#payDearly()) return tooFast()
    const isSeen =
      socket.facts.maySeeComplaints && (await isComplaintOf(this.#db(socket.facts, "a chat frame names a complaint"), id, conversationId))
    return isSeen
      ? ok(null)
      : refuse("VALIDATION_FAILED", "complaint_id: There is no such complaint between the two sides of this conversation.")
  }

  #payDearly(): boolean {
    return this.#ports.purse.pay(limits.chatDearFrameCost, Date.now())
  }

  #db({ orgId }: Pick<ChatIdentity, "orgId">, reason: string): TenantDb {
    return TenantDb.forSystem(this.#ports.env, new Meter(), orgId, reason)
  }

  /** Settles files of messages of which nobody knew whether they are stored. @returns when to look again, if ever. */
  settleClaims(now: Instant): Promise<Instant | undefined> {
    return this.#claims.settle(now)
  }

  #refuse(socket: Socket, { code, detail }: Refusal, more: object): void {
    this.#ports.sockets.send(socket, { type: "error", code, message: detail ?? code, ...more })
  }

  get #owner() {
    const { owner } = this.#ports.store
    if (owner === undefined) throw new Error("the inbox has no owner")
    return owner
  }
}

const withinMax = (ids: readonly FileId[]): Result<readonly FileId[]> =>
  ids.length > limits.chatAttachmentsMax ? refuse("VALIDATION_FAILED", `At most ${limits.chatAttachmentsMax} attachments.`) : ok(ids)

const unknown = () => refuse("NOT_FOUND", "There is no such conversation.")
const tooFast = () => refuse("RATE_LIMITED", "Too many frames that name people, files or conversations for the first time; slower, please.")
const noPartner = () => refuse("LINK_NOT_APPROVED", "Writing needs an approved link with the organization, or a colleague.")

const identityOf = ({ facts: { userId, orgId, name } }: Socket) => ({ userId, orgId, name })
