import { DurableObject } from "cloudflare:workers"
import type { ChatIdentity, ConversationHead, MessageFacts } from "../../src/domains/chat/rules.ts"
import type { ConversationId, OrganizationId, UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { assertNever, ok, type Refusal, type Result, refuse } from "../../src/kernel/result.ts"
import type { Instant } from "../../src/kernel/time.ts"
import { lastRevoked } from "../../src/platform/auth/revocations.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { acrossTenants } from "../../src/platform/db/tenant-db.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import { callDirectory, type HeadKey } from "../chat-directory/client.ts"
import { callRoom } from "../chat-room/client.ts"
import { eventHubOf } from "../event-hub/client.ts"
import { DueTable } from "../shared/due-table.ts"
import { inTransaction } from "../shared/in-transaction.ts"
import { KeyedLock } from "../shared/keyed-lock.ts"
import { isMigrated, migrate } from "../shared/migrate.ts"
import { socketFactsHeader } from "./client.ts"
import { Conversations } from "./conversations.ts"
import { type ClientFrame, parseFrame } from "./frames.ts"
import { inboxSteps } from "./migrations.ts"
import { Purse } from "./purse.ts"
import type { ChatInboxRpc, Delivered, EphemeralFrame, Overview, SocketFacts } from "./rpc.ts"
import { type Socket, Sockets } from "./sockets.ts"
import { InboxStore } from "./store.ts"

/** What falls due: ends of tokens and tickets, revocations that nobody told of, being gone for good, telling others who could not be told. */
type Due = "expiry" | "revoked" | "claims" | "away" | "tell"

/** An oversized frame counts as many. */
const costOf = (data: string | ArrayBuffer): number =>
  1 + 10 * Math.floor((typeof data === "string" ? data.length : data.byteLength) / limits.chatFrameBytesMax)

/**
 * A user's side of the chat: the open sockets, which hibernate, and what that user has read. A frame is read here and
 * carried out by the room it concerns.
 */
export class ChatInbox extends DurableObject<Bindings> implements ChatInboxRpc {
  readonly #store: InboxStore
  readonly #due: DueTable<Due>
  readonly #sockets: Sockets
  readonly #purse: Purse
  readonly #conversations: Conversations
  /** Frames of a socket are carried out in the order in which they came. */
  readonly #frames = new KeyedLock<string>()
  #isReady: boolean

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env)
    const { sql } = state.storage
    this.#store = new InboxStore(sql)
    this.#due = new DueTable(state.storage)
    this.#sockets = new Sockets(state, this.#store)
    this.#purse = new Purse(this.#store)
    this.#conversations = new Conversations({
      env,
      store: this.#store,
      sockets: this.#sockets,
      purse: this.#purse,
      claimed: () => this.#due.schedule("claims", Date.now() + limits.chatClaimMs),
      transaction: (work) => this.#transaction(work),
    })
    this.#isReady = isMigrated(sql)
    if (this.#isReady) state.storage.transactionSync(() => migrate(sql, inboxSteps))
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'))
  }

  /** A socket for whom the Worker verified; see client.ts. Others learn that the user is live before the first frame is read. */
  override async fetch(request: Request): Promise<Response> {
    const header = request.headers.get(socketFactsHeader)
    if (header === null || request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 400 })
    const facts = JSON.parse(decodeURIComponent(header)) as SocketFacts
    const now = Date.now()
    const { 0: client, 1: server } = new WebSocketPair()
    const isFirst = this.#prepared(() => {
      this.#store.own(facts.userId, facts.orgId)
      this.#sockets.accept(server, facts, now)
      this.#due.schedule("expiry", facts.expiresAt)
      this.#due.schedule("revoked", now + limits.chatRevocationLookMs)
      this.#due.cancel("away")
      const wasLive = this.#store.owner?.isLive === true
      if (!wasLive) this.#store.nextTurn(true)
      return !wasLive
    })
    if (isFirst && !(await this.#tell())) this.#transaction(() => this.#due.schedule("tell", Date.now() + limits.chatRetryMs))
    return new Response(null, { status: 101, webSocket: client })
  }

  async issueTicket(hash: string, claims: string, subjects: readonly string[], expiresAt: Instant): Promise<boolean> {
    return this.#prepared(() => {
      const isKept = this.#store.addTicket(hash, claims, subjects, expiresAt, Date.now())
      if (isKept) this.#due.schedule("expiry", expiresAt)
      return isKept
    })
  }

  async redeemTicket(hash: string): Promise<string | undefined> {
    return this.#isReady ? this.#transaction(() => this.#store.takeTicket(hash, Date.now())) : undefined
  }

  /** INV-CHT-5 */
  async revoke(subjects: readonly string[]): Promise<void> {
    if (!this.#isReady) return
    this.#transaction(() => this.#store.revokeTickets(subjects))
    for (const socket of this.#sockets.open()) {
      if (socket.facts.subjects.some((subject) => subjects.includes(subject))) this.#sockets.close(socket, "REVOKED")
    }
    this.#perhapsAway()
  }

  async deliver(messages: readonly MessageFacts[]): Promise<Delivered> {
    const owner = this.#isReady ? this.#store.owner : undefined
    if (owner?.isLive !== true) return { reachedSeq: 0, isLive: false, isDelivered: false }
    // Sockets may have died with the object, without a word.
    if (this.#sockets.open().length === 0) this.#perhapsAway()
    return this.#conversations.deliver(messages)
  }

  async notify(frames: readonly EphemeralFrame[]): Promise<void> {
    if (this.#isReady) for (const frame of frames) this.#sockets.sendToAll(frame)
  }

  async head(userId: UserId, orgId: OrganizationId, head: ConversationHead): Promise<void> {
    this.#prepared(() => {
      this.#store.own(userId, orgId)
      this.#store.saveHead(head)
    })
  }

  async overview(after: HeadKey | undefined, rowsMax: number, ids: readonly ConversationId[]): Promise<Overview> {
    if (!this.#isReady) return { pairs: [], states: [] }
    const pairs = this.#store.pairs(after, rowsMax)
    return { pairs, states: this.#store.states([...ids, ...pairs.map(({ id }) => id)]) }
  }

  async read(
    by: ChatIdentity,
    conversationId: ConversationId,
    upToSeq: number,
  ): Promise<Result<{ readonly upToSeq: number; readonly lastSeq: number }>> {
    const known = await this.#conversations.find(by, conversationId, this.#isReady, () => true)
    if (!known.ok) return known
    const result = await callRoom(this.env, conversationId, (room) => room.read(by, upToSeq))
    if (!result.ok) return result
    this.#prepared(() => this.#store.own(by.userId, by.orgId))
    this.#conversations.keepRead(conversationId, result.value.upToSeq)
    return result
  }

  override async webSocketMessage(raw: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const socket = this.#sockets.of(raw)
    if (socket === undefined) return
    if (!this.#purse.pay(costOf(data), Date.now())) {
      this.#sockets.close(socket, "FLOOD")
      this.#perhapsAway()
      return
    }
    await this.#frames.run(socket.id, () => this.#onFrame(raw, data))
  }

  override async webSocketClose(raw: WebSocket, code: number): Promise<void> {
    this.#gone(raw)
    try {
      // 1005 and 1006 say that no code came; they may not be sent.
      raw.close(code === 1005 || code === 1006 ? 1000 : code)
    } catch {
      // The runtime has closed it already.
    }
  }

  override async webSocketError(raw: WebSocket): Promise<void> {
    this.#gone(raw)
  }

  override async alarm(): Promise<void> {
    if (this.#isReady) await this.#due.run((kind) => this.#onDue(kind))
  }

  /** @returns when it is due again, if ever. */
  async #onDue(kind: Due): Promise<Instant | undefined> {
    switch (kind) {
      case "expiry": {
        const now = Date.now()
        for (const socket of this.#sockets.open()) if (socket.facts.expiresAt <= now) this.#sockets.close(socket, "EXPIRED")
        this.#sockets.sweep()
        this.#store.forgetTickets(now)
        this.#perhapsAway()
        return this.#store.nextExpiry()
      }
      case "revoked":
        return this.#closeRevoked()
      case "claims":
        return this.#conversations.settleClaims(Date.now())
      case "away": {
        const isGone = this.#transaction(() => {
          if (this.#sockets.open().length > 0 || this.#store.owner?.isLive !== true) return false
          this.#sockets.sweep()
          this.#store.nextTurn(false)
          return true
        })
        return isGone && !(await this.#tell()) ? this.#retry() : undefined
      }
      case "tell":
        return (await this.#tell()) ? undefined : Date.now() + limits.chatRetryMs
      default:
        return assertNever(kind)
    }
  }

  /**
   * INV-CHT-5: what a lost call would have told of: one read a minute, of this user's own subjects alone, while there are
   * sockets. @returns when to look again.
   */
  async #closeRevoked(): Promise<Instant | undefined> {
    const open = this.#sockets.open()
    if (open.length === 0) return undefined
    const db = acrossTenants(this.env, new Meter(), "a chat inbox looks for revocations that it was not told of")
    const notBefore = await lastRevoked(db, [...new Set(open.flatMap(({ facts }) => facts.subjects))])
    for (const socket of open) {
      const { subjects, issuedAt } = socket.facts
      if (subjects.some((subject) => issuedAt <= (notBefore.get(subject) ?? Number.NEGATIVE_INFINITY)))
        this.#sockets.close(socket, "REVOKED")
    }
    this.#perhapsAway()
    return this.#sockets.open().length === 0 ? undefined : Date.now() + limits.chatRevocationLookMs
  }

  /** The first write makes the tables: an inbox that was only asked a question has none. */
  #prepared<T>(work: () => T): T {
    const done = this.#transaction(() => {
      if (!this.#isReady) migrate(this.ctx.storage.sql, inboxSteps)
      return work()
    })
    this.#isReady = true
    return done
  }

  #transaction<T>(work: () => T): T {
    return inTransaction(this.ctx.storage, this.#store, work)
  }

  #retry(): undefined {
    this.#transaction(() => this.#due.schedule("tell", Date.now() + limits.chatRetryMs))
  }

  /** Tells the organization's directory and its event hub whether this user is live. */
  async #tell(): Promise<boolean> {
    const { owner } = this.#store
    if (owner === undefined) return true
    const { userId, orgId, turn, isLive } = owner
    // Whatever is stored after the first socket opened, that socket must get.
    const since = this.#sockets.open()[0]?.openedAt ?? Date.now()
    const hub = eventHubOf(this.env, orgId)
    const told = await Promise.allSettled([
      callDirectory(this.env, orgId, (directory) => directory.turn(orgId, userId, { turn, isLive, at: since })),
      hub.turn(userId, { turn, isLive }),
    ])
    for (const one of told)
      if (one.status === "rejected") log.warn("nobody heard who is live", { user: userId, error: describeError(one.reason) })
    return told.every(({ status }) => status === "fulfilled")
  }

  #gone(raw: WebSocket): void {
    this.#sockets.forget(String(raw.deserializeAttachment()))
    this.#perhapsAway()
  }

  #perhapsAway(): void {
    if (this.#store.owner?.isLive !== true || this.#sockets.open().length > 0) return
    this.#transaction(() => this.#due.schedule("away", Date.now() + limits.chatAwayMs))
  }

  async #onFrame(raw: WebSocket, data: string | ArrayBuffer): Promise<void> {
    // Closed meanwhile, by a revocation perhaps: what was still waiting is not carried out.
    const socket = this.#sockets.of(raw)
    if (socket === undefined) return
    if (socket.facts.expiresAt <= Date.now()) return this.#sockets.close(socket, "EXPIRED")
    const parsed = parseFrame(data)
    if (!parsed.ok || parsed.value.type !== "resume") this.#sockets.release(socket)
    if (!parsed.ok) {
      const { code, message, clientId } = parsed.error
      return this.#say(socket, { code, detail: message }, clientId)
    }
    const frame = parsed.value
    try {
      const result = await this.#carryOut(socket, frame)
      if (!result.ok) this.#say(socket, result.error, "client_id" in frame ? frame.client_id : undefined)
    } catch (error) {
      log.warn("chat frame failed", { type: frame.type, error: describeError(error) })
      const again = { code: "UNAVAILABLE", detail: "Not available right now; send it again." } as const
      this.#say(socket, again, "client_id" in frame ? frame.client_id : undefined)
    }
  }

  async #carryOut(socket: Socket, frame: ClientFrame): Promise<Result<unknown>> {
    switch (frame.type) {
      case "message":
        return this.#conversations.send(socket, frame)
      case "resume":
        if (!this.#purse.pay(limits.chatDearFrameCost, Date.now())) return refuse("RATE_LIMITED", "Too many resumes; slower, please.")
        return ok(await this.#conversations.resume(socket, frame))
      case "read":
        return this.#conversations.read(socket, frame)
      case "typing":
        return this.#conversations.typing(socket, frame)
      case "ping":
        return ok(this.#sockets.send(socket, { type: "pong" }))
      default:
        return refuse("VALIDATION_FAILED", "There is no such frame.")
    }
  }

  #say(socket: Socket, { code, detail, errors }: Refusal, clientId: string | undefined): void {
    const message = detail ?? errors?.[0]?.message ?? code
    this.#sockets.send(socket, { type: "error", code, message, ...(clientId === undefined ? {} : { client_id: clientId }) })
  }
}
