import type { UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import type { ChatInboxRpc, EphemeralFrame } from "../chat-inbox/client.ts"
import type { RoomStore } from "./store.ts"

type Ports = {
  readonly store: RoomStore
  readonly call: <T>(userId: UserId, use: (inbox: ChatInboxRpc) => Promise<T>) => Promise<T>
  /** Something did not get through; the room tries again by its alarm. */
  readonly failed: () => void
  readonly changed: (work: () => void) => void
}

/** Calls to one inbox in one go; the alarm does the rest. */
const batchesMax = 40

/**
 * Brings every live inbox up to the conversation's end, one call under way for each: what is stored meanwhile goes
 * together in the next. The inbox says how far it is, so that nothing kept here is needed for correctness.
 */
export class Delivery {
  readonly #ports: Ports
  /** How far each inbox is, as far as this instance knows. */
  readonly #reached = new Map<UserId, number>()
  readonly #under = new Map<UserId, Promise<void>>()
  /** Whom messages reached on an open socket, since the senders were told. */
  readonly #delivered = new Map<UserId, number>()
  readonly #unkept = new Map<UserId, number>()
  readonly #senders = new Set<UserId>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  reached(userId: UserId, seq: number): void {
    this.#reached.set(userId, Math.max(seq, this.#reached.get(userId) ?? 0))
  }

  /** From here on, unless the inbox is known to be somewhere already. */
  start(userId: UserId, seq: number): void {
    if (!this.#reached.has(userId)) this.#reached.set(userId, seq)
  }

  gone(userId: UserId): void {
    this.#reached.delete(userId)
  }

  sentBy(userId: UserId): void {
    this.#senders.add(userId)
  }

  async deliver(): Promise<void> {
    await Promise.all(this.#ports.store.live().map(({ userId }) => this.#bringUp(userId)))
    await this.#sendReceipts()
  }

  #bringUp(userId: UserId): Promise<void> {
    const running = this.#under.get(userId)
    if (running !== undefined) return running
    const work = this.#bring(userId)
      .catch((error: unknown) => {
        log.warn("chat delivery failed", { user: userId, error: describeError(error) })
        this.#reached.delete(userId)
        this.#ports.failed()
      })
      .finally(() => this.#under.delete(userId))
    this.#under.set(userId, work)
    return work
  }

  async #bring(userId: UserId): Promise<void> {
    const { store, call } = this.#ports
    for (let batch = 0; batch < batchesMax; batch += 1) {
      const { lastSeq } = store
      // Where nothing is known, the last message alone: the inbox answers how far it really is.
      const from = this.#reached.get(userId) ?? lastSeq - 1
      if (from >= lastSeq) return
      const messages = store.after(from, limits.chatBatchMessagesMax)
      const { reachedSeq, isLive } = await call(userId, (inbox) => inbox.deliver(messages))
      if (!isLive) {
        this.#reached.delete(userId)
        this.#ports.changed(() => store.removeLive(userId))
        return
      }
      this.#reached.set(userId, reachedSeq)
      if (reachedSeq > from) this.#note(userId, reachedSeq)
    }
    this.#ports.failed()
  }

  #note(userId: UserId, seq: number): void {
    this.#delivered.set(userId, Math.max(seq, this.#delivered.get(userId) ?? 0))
    this.#unkept.set(userId, Math.max(seq, this.#unkept.get(userId) ?? 0))
  }

  /** Tells those who wrote whom their messages reached: one call each, for all that came together. */
  async #sendReceipts(): Promise<void> {
    const conversationId = this.#ports.store.facts?.id
    const delivered = [...this.#delivered]
    const senders = [...this.#senders]
    this.#delivered.clear()
    this.#senders.clear()
    if (conversationId === undefined || delivered.length === 0) return
    await Promise.all(
      senders.map(async (sender) => {
        const frames = delivered
          .filter(([userId]) => userId !== sender)
          .map(([userId, seq]) => ({ type: "delivered", conversation_id: conversationId, user_id: userId, up_to_seq: seq }) as const)
        if (frames.length > 0) await this.#tellOne(sender, frames)
      }),
    )
  }

  /** How far messages reached, kept with the room's next writes. Call inside a transaction. */
  keepMarks(): void {
    for (const [userId, seq] of this.#unkept) this.#ports.store.markDelivered(userId, seq)
    this.#unkept.clear()
  }

  /** A frame that nobody misses much: sent once to who is live, and never repeated. */
  async tell(except: UserId, frame: EphemeralFrame): Promise<void> {
    const live = this.#ports.store.live().filter(({ userId }) => userId !== except)
    await Promise.all(live.map(({ userId }) => this.#tellOne(userId, [frame])))
  }

  async #tellOne(userId: UserId, frames: readonly EphemeralFrame[]): Promise<void> {
    try {
      await this.#ports.call(userId, (inbox) => inbox.notify(frames))
    } catch (error) {
      log.info("chat frame dropped", { user: userId, error: describeError(error) })
    }
  }
}
