import { inArray } from "drizzle-orm"
import type { Attachment, ChatIdentity } from "../../src/domains/chat/rules.ts"
import { whyNotAttach } from "../../src/domains/files/rules.ts"
import { attach, files, release, share, unshare } from "../../src/domains/files/tables.ts"
import type { ConversationId, FileId, MessageId, OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { ok, type Result, refuse } from "../../src/kernel/result.ts"
import { hour, type Instant } from "../../src/kernel/time.ts"
import { guardCode } from "../../src/platform/db/guards.ts"
import type { TenantDb } from "../../src/platform/db/tenant-db.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import type { Readers } from "../chat-room/client.ts"
import { KeyedLock } from "../shared/keyed-lock.ts"
import type { InboxStore } from "./store.ts"

/** Files that were, or may have been, attached for a message of which nobody knows yet whether it is stored. */
export type Claim = {
  readonly messageId: MessageId
  readonly conversationId: ConversationId
  readonly orgId: OrganizationId
  readonly partnerId: OrganizationId | null
  readonly fileIds: readonly FileId[]
  readonly at: Instant
}

const settledAtOnceMax = 20

type Ports = {
  readonly store: InboxStore
  readonly transaction: <T>(work: () => T) => T
  /** Part of the transaction that keeps a claim. */
  readonly claimed: () => void
  /** The files' own organization's. */
  readonly db: (orgId: OrganizationId) => TenantDb
  /** Whether the room has the message. @throws where it cannot be asked. */
  readonly isStored: (conversationId: ConversationId, messageId: MessageId) => Promise<boolean>
}

/**
 * INV-CHT-10: what is attached to a message that is never stored is given back. A claim is written here before D1 hears of
 * it, and goes once the room has accepted the message; what a fault leaves behind is asked about by the alarm.
 */
export class Claims {
  readonly #ports: Ports
  readonly #locks = new KeyedLock<MessageId>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /**
   * Attaches files to a message, committed in D1 before the message is stored (INV-CHT-6). The files are the sender's
   * organization's, of the purpose chat_attachment, and the sender's own upload; what is attached to this very message
   * already is no fault, since the message may be a repeat. From then on whoever reads the conversation may see them.
   */
  async claim(
    by: ChatIdentity,
    fileIds: readonly FileId[],
    conversationId: ConversationId,
    messageId: MessageId,
    { users, partnerId }: Readers,
  ): Promise<Result<readonly Attachment[]>> {
    const { store, transaction, claimed, db: dbOf } = this.#ports
    const db = dbOf(by.orgId)
    const rows = new Map((await db.many(files, { where: inArray(files.id, [...fileIds]) })).map((row) => [row.id, row]))
    const subject = { kind: "message", id: messageId } as const
    const attachments: Attachment[] = []
    const statements = []
    for (const id of fileIds) {
      const row = rows.get(id)
      const fault = whyNotAttach(by.userId, by.orgId, row, "chat_attachment", subject)
      if (row === undefined || fault !== undefined) return refuse("VALIDATION_FAILED", `attachment_ids: ${fault?.message ?? ""} (${id})`)
      attachments.push({ fileId: id, name: row.name, contentType: row.contentType })
      if (row.status === "READY") statements.push(...attach(db, id, subject, { seenBy: users, dueAt: null }))
      if (partnerId !== null) statements.push(share(db, id, partnerId))
    }
    transaction(() => {
      store.saveClaim({ messageId, conversationId, orgId: by.orgId, partnerId, fileIds, at: Date.now() })
      claimed()
    })
    try {
      await db.run(statements)
    } catch (error) {
      // Two messages at once with one file: the second finds it taken. The batch is one transaction, so nothing else was attached.
      if (guardCode(error instanceof Error ? error.message : "") === undefined) throw error
      this.kept(messageId)
      return refuse("VALIDATION_FAILED", "attachment_ids: A file belongs to another message already.")
    }
    return ok(attachments)
  }

  /** The message is stored. */
  kept(messageId: MessageId): void {
    this.#ports.transaction(() => this.#ports.store.removeClaim(messageId))
  }

  /** The message is refused for good: its files belong to nothing, as after their upload. @throws when D1 fails; the alarm tries again then. */
  async giveBack({ messageId, orgId, partnerId, fileIds }: Omit<Claim, "conversationId" | "at">): Promise<void> {
    const db = this.#ports.db(orgId)
    const subject = { kind: "message", id: messageId } as const
    const dueAt = Date.now() + limits.fileUnattachedHours * hour
    await db.run(
      fileIds.flatMap((id) => [...(partnerId === null ? [] : [unshare(db, id, subject, partnerId)]), release(db, id, subject, dueAt)]),
    )
    this.kept(messageId)
  }

  /** One after another for each message: nothing is given back while a repeat of the message is on its way. */
  during<T>(messageId: MessageId, work: () => Promise<T>): Promise<T> {
    return this.#locks.run(messageId, work)
  }

  /** What a fault left behind longer ago than any call takes. @returns when to look again, if there is more. */
  async settle(now: Instant): Promise<Instant | undefined> {
    const { store } = this.#ports
    for (const claim of store.claimsBefore(now - limits.chatClaimMs, settledAtOnceMax)) {
      try {
        await this.during(claim.messageId, () => this.#settleOne(claim))
      } catch (error) {
        log.warn("a message's files are not settled yet", { message: claim.messageId, error: describeError(error) })
      }
    }
    const [next] = store.claimsBefore(Number.MAX_SAFE_INTEGER, 1)
    return next === undefined ? undefined : Math.max(next.at + limits.chatClaimMs, now + limits.chatRetryMs)
  }

  async #settleOne({ messageId, at }: Claim): Promise<void> {
    const claim = this.#ports.store.claim(messageId)
    // Settled meanwhile, or claimed again by a repeat.
    if (claim === undefined || claim.at !== at) return
    if (await this.#ports.isStored(claim.conversationId, messageId)) this.kept(messageId)
    else await this.giveBack(claim)
  }
}
