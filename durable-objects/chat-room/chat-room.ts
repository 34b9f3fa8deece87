import { DurableObject } from "cloudflare:workers"
import {
  type ChatIdentity,
  headsOf,
  type LinkState,
  type MessageFacts,
  maySendIn,
  type RoomFacts,
  takesPart,
  withLink,
} from "../../src/domains/chat/rules.ts"
import type { MessageId, OrganizationId, UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { ok, type Result, refuse } from "../../src/kernel/result.ts"
import { formatInstant, type Instant, minute } from "../../src/kernel/time.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import { callDirectory } from "../chat-directory/client.ts"
import { callInbox } from "../chat-inbox/client.ts"
import { DueTable } from "../shared/due-table.ts"
import { inTransaction } from "../shared/in-transaction.ts"
import { isMigrated, migrate } from "../shared/migrate.ts"
import { Delivery } from "./delivery.ts"
import { roomSteps } from "./migrations.ts"
import type { ChatRoomRpc, History, Presence, Readers, Resumed, SendMessage, Sent } from "./rpc.ts"
import { RoomStore } from "./store.ts"

/** What falls due: telling the lists of what is new, and whoever has not got it yet. */
type Due = "follow"

const unknown = () => refuse("NOT_FOUND", "There is no such conversation.")
const crowded = () => refuse("CONFLICT", `A conversation has at most ${limits.chatMembersPerRoomMax} people of an organization.`)
const noLink = () => refuse("LINK_NOT_APPROVED", "Writing needs an approved link between the organizations.")

/**
 * One conversation: its messages in their order, its read marks, and whether one may write in it. It persists, answers,
 * then delivers. Until the ledger or the Worker has opened it, it has no tables and knows nobody (INV-CHT-1).
 */
export class ChatRoom extends DurableObject<Bindings> implements ChatRoomRpc {
  readonly #store: RoomStore
  readonly #due: DueTable<Due>
  readonly #delivery: Delivery
  readonly #typedAt = new Map<UserId, Instant>()
  #isReady: boolean
  #toldAt: Instant = 0
  /** What the lists were told last, by this instance. */
  #told = ""

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env)
    const { sql } = state.storage
    this.#store = new RoomStore(sql)
    this.#due = new DueTable(state.storage)
    this.#isReady = isMigrated(sql)
    if (this.#isReady) this.#transaction(() => migrate(sql, roomSteps))
    this.#delivery = new Delivery({
      store: this.#store,
      call: (userId, use) => callInbox(env, userId, use),
      failed: () => this.#transaction(() => this.#due.schedule("follow", Date.now() + limits.chatRetryMs)),
      changed: (work) => this.#transaction(work),
    })
  }

  async setLink(state: LinkState): Promise<void> {
    this.#transaction(() => {
      if (!this.#isReady) migrate(this.ctx.storage.sql, roomSteps)
      const facts = withLink(this.#store.facts, state, Date.now())
      if (facts === undefined) return
      this.#store.saveFacts(facts)
      this.#due.schedule("follow", Date.now() + limits.chatRetryMs)
    })
    this.#isReady = true
    // Whoever hears that the link is approved finds its conversation in the list.
    await this.#tellLists()
  }

  async openPair(facts: RoomFacts): Promise<void> {
    this.#transaction(() => {
      if (!this.#isReady) migrate(this.ctx.storage.sql, roomSteps)
      if (this.#store.facts !== undefined) return
      this.#store.saveFacts(facts)
      this.#due.schedule("follow", Date.now() + limits.chatFollowMs)
    })
    this.#isReady = true
  }

  async send(message: SendMessage): Promise<Result<Sent>> {
    const { by, knownSeq } = message
    const facts = this.#factsFor(by)
    if (facts === undefined) return unknown()
    const stored = this.#transaction((): Result<MessageFacts> => {
      this.#see(by)
      const earlier = this.#store.byId(message.id)
      if (earlier !== undefined) return ok(earlier)
      const refused = this.#whyNotWrite(facts, by)
      if (refused !== undefined) return refused
      const { id, clientId, recipientId, content, attachments, productIds, complaintId } = message
      const end = this.#store.end
      const next: MessageFacts = {
        id,
        conversationId: facts.id,
        seq: end.seq + 1,
        senderId: by.userId,
        senderOrgId: by.orgId,
        senderName: by.name,
        recipientId,
        clientId,
        content,
        attachments,
        productIds,
        complaintId,
        // The conversation's clock never goes back, whatever the machine's does.
        at: Math.max(Date.now(), end.at),
      }
      this.#store.insert(next)
      this.#store.markRead(by, next.seq)
      // Should this object die before it has delivered, the alarm does.
      this.#due.schedule("follow", Date.now() + limits.chatFollowMs)
      return ok(next)
    })
    if (!stored.ok) return stored
    const { id, seq } = stored.value
    const since = this.#lackedBy(knownSeq, stored.value)
    if (since.length > 0) this.#delivery.reached(by.userId, seq)
    this.#delivery.sentBy(by.userId)
    this.ctx.waitUntil(this.#deliver())
    // After a quiet time the lists hear at once; of what follows, by the alarm.
    if (Date.now() - this.#toldAt >= limits.chatFollowMs) this.ctx.waitUntil(this.#tellLists())
    return ok({ id, seq, since })
  }

  async resume(by: ChatIdentity, after: number): Promise<Result<Resumed>> {
    const facts = this.#factsFor(by)
    if (facts === undefined) return unknown()
    this.#transaction(() => this.#see(by))
    const messages = this.#store.after(after, limits.chatResumeMessagesMax)
    const lastSeq = this.#store.lastSeq
    if ((messages.at(-1)?.seq ?? lastSeq) === lastSeq) this.#delivery.reached(by.userId, lastSeq)
    this.ctx.waitUntil(this.#subscribe())
    return ok({ messages, lastSeq, readSeq: this.#store.readSeq(by.userId), marks: this.#store.marks(by.userId) })
  }

  async mayWrite(by: ChatIdentity, id: MessageId): Promise<Result<Readers>> {
    const facts = this.#factsFor(by)
    if (facts === undefined) return unknown()
    const refused = this.#store.byId(id) === undefined ? this.#whyNotWrite(facts, by) : undefined
    if (refused !== undefined) return refused
    return ok(
      facts.kind === "colleagues"
        ? { users: facts.users.map(({ id }) => id), partnerId: null }
        : { users: null, partnerId: facts.parties.find(({ id }) => id !== by.orgId)?.id ?? null },
    )
  }

  async has(id: MessageId): Promise<boolean> {
    return this.#isReady && this.#store.byId(id) !== undefined
  }

  async history(by: ChatIdentity, before: number | undefined, rowsMax: number): Promise<Result<History>> {
    return this.#factsFor(by) === undefined ? unknown() : ok({ messages: this.#store.before(before, rowsMax) })
  }

  async read(by: ChatIdentity, upToSeq: number): Promise<Result<{ readonly upToSeq: number; readonly lastSeq: number }>> {
    if (this.#factsFor(by) === undefined) return unknown()
    const { lastSeq } = this.#store
    if (upToSeq > lastSeq) {
      return refuse("VALIDATION_FAILED", undefined, {
        errors: [{ pointer: "/up_to_seq", code: "BEYOND_END", message: `The conversation ends at ${lastSeq}.` }],
      })
    }
    if (!this.#store.hasRoomFor(by)) return crowded()
    const hasMoved = upToSeq > 0 && this.#transaction(() => this.#store.markRead(by, upToSeq))
    const now = this.#store.readSeq(by.userId)
    if (hasMoved) this.#tellOthers(by.userId, { type: "read", conversation_id: this.#id, user_id: by.userId, up_to_seq: now })
    return ok({ upToSeq: now, lastSeq })
  }

  async typing(by: ChatIdentity): Promise<Result<null>> {
    const facts = this.#factsFor(by)
    if (facts === undefined) return unknown()
    if (!maySendIn(facts)) return noLink()
    const now = Date.now()
    if (now - (this.#typedAt.get(by.userId) ?? 0) < limits.chatTypingMs) return ok(null)
    if (this.#typedAt.size >= limits.chatMembersPerRoomMax) this.#typedAt.clear()
    this.#typedAt.set(by.userId, now)
    this.#tellOthers(by.userId, { type: "typing", conversation_id: this.#id, user_id: by.userId, name: by.name })
    return ok(null)
  }

  async presence(news: Presence): Promise<void> {
    if (this.#isReady) this.#applyPresence(news)
  }

  override async alarm(): Promise<void> {
    if (this.#isReady) await this.#due.run(() => this.#follow())
  }

  /** Tells the lists, and delivers to whoever is live and has not got everything. @returns when to try again. */
  async #follow(): Promise<Instant | undefined> {
    this.#transaction(() => this.#delivery.keepMarks())
    const [isTold] = await Promise.all([this.#tellLists(), this.#deliver()])
    return isTold ? undefined : Date.now() + limits.chatRetryMs
  }

  /** Tells both lists how far the conversation is: the organizations', or the colleagues' own. @returns whether they heard. */
  async #tellLists(): Promise<boolean> {
    const { facts } = this.#store
    if (facts === undefined) return true
    this.#toldAt = Date.now()
    const last = this.#store.last() ?? null
    const telling = `${last?.seq ?? 0}.${facts.kind === "link" ? facts.version : 0}`
    if (telling === this.#told) return true
    const told = await Promise.allSettled(
      headsOf(facts, last).map(({ holder, head }) =>
        facts.kind === "link"
          ? callDirectory(this.env, holder as OrganizationId, (directory) => directory.head(head))
          : callInbox(this.env, holder as UserId, (inbox) => inbox.head(holder as UserId, facts.orgId, head)),
      ),
    )
    const isTold = told.every(({ status }) => status === "fulfilled")
    if (isTold) this.#told = telling
    else log.warn("chat lists were not told", { conversation: facts.id })
    return isTold
  }

  async #deliver(): Promise<void> {
    if (this.#store.lastSeq === 0) return
    await this.#subscribe()
    await this.#delivery.deliver()
  }

  /** Asks who is live, where that was not asked of late; from then on the directories say so themselves. */
  async #subscribe(): Promise<void> {
    const { facts } = this.#store
    if (facts === undefined) return
    const now = Date.now()
    const until = now + limits.chatSubscriptionMinutes * minute
    const organizations = facts.kind === "link" ? facts.parties.map(({ id }) => id) : [facts.orgId]
    await Promise.all(
      organizations.map(async (orgId) => {
        const { until: paidUntil, version } = this.#store.subscription(orgId)
        if (paidUntil - now > (limits.chatSubscriptionMinutes * minute) / 2) return
        // Said before the answer is there, so that messages in quick succession ask once.
        this.#store.saveSubscription(orgId, until, version)
        try {
          this.#applyPresence(await callDirectory(this.env, orgId, (directory) => directory.subscribe(orgId, facts.id, until + minute)))
        } catch (error) {
          log.warn("chat room could not subscribe", { organization: orgId, error: describeError(error) })
          this.#store.saveSubscription(orgId, 0, version)
          this.#transaction(() => this.#due.schedule("follow", Date.now() + limits.chatRetryMs))
        }
      }),
    )
  }

  #applyPresence({ orgId, version, users }: Presence): void {
    const { facts } = this.#store
    if (facts === undefined) return
    const isMember = (id: UserId) => facts.kind === "link" || facts.users.some((user) => user.id === id)
    const there = users.filter(({ id }) => isMember(id)).slice(0, limits.chatMembersPerRoomMax)
    const changes = this.#transaction(() => {
      const subscription = this.#store.subscription(orgId)
      if (subscription.version >= version) return undefined
      this.#store.saveSubscription(orgId, subscription.until, version)
      const known = this.#store.live().filter((one) => one.orgId === orgId)
      const came = there.filter(({ id }) => this.#store.addLive(id, orgId))
      const gone = known.filter(({ userId }) => !there.some(({ id }) => id === userId))
      for (const { userId } of gone) this.#store.removeLive(userId)
      return { came, gone }
    })
    if (changes === undefined) return
    for (const { userId } of changes.gone) this.#delivery.gone(userId)
    for (const { id, since } of changes.came) {
      // What was stored after their socket opened and before this room heard of it, they have not got.
      this.#delivery.start(id, this.#store.lastSeqBefore(since))
      this.#tellOthers(id, this.#presenceFrame(id, true))
    }
    for (const { userId } of changes.gone) this.#tellOthers(userId, this.#presenceFrame(userId, false))
    if (changes.came.length > 0) this.ctx.waitUntil(this.#delivery.deliver())
  }

  #presenceFrame(userId: UserId, isOnline: boolean) {
    return {
      type: "presence",
      conversation_id: this.#id,
      user_id: userId,
      status: isOnline ? "online" : "offline",
      timestamp: formatInstant(Date.now()),
    } as const
  }

  get #id() {
    const { facts } = this.#store
    if (facts === undefined) throw new Error("the room has no facts")
    return facts.id
  }

  /** The conversation, for those it exists for. */
  #factsFor(by: ChatIdentity): RoomFacts | undefined {
    const facts = this.#isReady ? this.#store.facts : undefined
    return facts !== undefined && takesPart(facts, by) ? facts : undefined
  }

  #whyNotWrite(facts: RoomFacts, by: ChatIdentity): Result<never> | undefined {
    if (!maySendIn(facts)) return noLink()
    return this.#store.hasRoomFor(by) ? undefined : crowded()
  }

  /** Whoever speaks has a socket open, whether or not the directory has said so yet. */
  #see({ userId, orgId }: ChatIdentity): void {
    this.#store.addLive(userId, orgId)
  }

  #lackedBy(knownSeq: number | undefined, stored: MessageFacts): MessageFacts[] {
    const { seq } = stored
    const from = knownSeq ?? seq - 1
    if (from === seq - 1) return [stored]
    return from >= seq || seq - from > limits.chatBatchMessagesMax ? [] : this.#store.after(from, seq - from)
  }

  #tellOthers(except: UserId, frame: Parameters<Delivery["tell"]>[1]): void {
    this.ctx.waitUntil(this.#delivery.tell(except, frame))
  }

  #transaction<T>(work: () => T): T {
    return inTransaction(this.ctx.storage, this.#store, work)
  }
}
