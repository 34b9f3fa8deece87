import type { Attachment, ChatIdentity, MessageFacts, RoomFacts } from "../../src/domains/chat/rules.ts"
import type { ComplaintId, MessageId, OrganizationId, ProductId, UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { Mark } from "./rpc.ts"

type MessageRecord = {
  seq: number
  id: MessageId
  sender_id: UserId
  sender_org_id: OrganizationId
  sender_name: string
  recipient_id: UserId | null
  client_id: string | null
  content: string
  attachments: string
  product_ids: string
  complaint_id: ComplaintId | null
  at: number
}

type End = { readonly seq: number; readonly at: Instant }

/** The room's rows as facts, and back. It decides nothing; every write belongs to its caller's transaction. */
export class RoomStore {
  readonly #sql: SqlStorage
  #facts: RoomFacts | undefined
  #end: End | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get facts(): RoomFacts | undefined {
    if (this.#facts !== undefined) return this.#facts
    const [row] = this.#sql.exec<{ facts: string }>("SELECT facts FROM room").toArray()
    this.#facts = row === undefined ? undefined : (JSON.parse(row.facts) as RoomFacts)
    return this.#facts
  }

  saveFacts(facts: RoomFacts): void {
    this.#sql.exec("INSERT INTO room (one, facts) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET facts = ?1", JSON.stringify(facts))
    this.#facts = undefined
  }

  /** After a transaction that may have been rolled back. */
  forgetCached(): void {
    this.#facts = undefined
    this.#end = undefined
  }

  // Messages

  /** The last message's place and time; zeros where there is none. */
  get end(): End {
    this.#end ??= this.#sql.exec<End>("SELECT seq, at FROM messages ORDER BY seq DESC LIMIT 1").toArray()[0] ?? { seq: 0, at: 0 }
    return this.#end
  }

  get lastSeq(): number {
    return this.end.seq
  }

  last(): MessageFacts | undefined {
    return this.#messages("ORDER BY seq DESC LIMIT 1")[0]
  }

  byId(id: MessageId): MessageFacts | undefined {
    return this.#messages("WHERE id = ?", id)[0]
  }

  after(seq: number, rowsMax: number): MessageFacts[] {
    return this.#messages("WHERE seq > ? ORDER BY seq LIMIT ?", seq, rowsMax)
  }

  before(seq: number | undefined, rowsMax: number): MessageFacts[] {
    return this.#messages("WHERE seq < ? ORDER BY seq DESC LIMIT ?", seq ?? Number.MAX_SAFE_INTEGER, rowsMax)
  }

  /** The last message that was there before the instant. Times grow with seq, so this walks back from the end. */
  lastSeqBefore(at: Instant): number {
    const [row] = this.#sql.exec<{ seq: number }>("SELECT seq FROM messages WHERE at < ? ORDER BY seq DESC LIMIT 1", at).toArray()
    return row?.seq ?? 0
  }

  insert(message: MessageFacts): void {
    this.#sql.exec(
      `INSERT INTO messages (seq, id, sender_id, sender_org_id, sender_name, recipient_id, client_id, content, attachments, product_ids, complaint_id, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      message.seq,
      message.id,
      message.senderId,
      message.senderOrgId,
      message.senderName,
      message.recipientId,
      message.clientId,
      message.content,
      JSON.stringify(message.attachments),
      JSON.stringify(message.productIds),
      message.complaintId,
      message.at,
    )
    this.#end = { seq: message.seq, at: message.at }
  }

  #messages(rest: string, ...params: Array<string | number>): MessageFacts[] {
    const conversationId = this.facts?.id
    if (conversationId === undefined) return []
    return this.#sql
      .exec<MessageRecord>(`SELECT * FROM messages ${rest}`, ...params)
      .toArray()
      .map((row) => ({
        id: row.id,
        conversationId,
        seq: row.seq,
        senderId: row.sender_id,
        senderOrgId: row.sender_org_id,
        senderName: row.sender_name,
        recipientId: row.recipient_id,
        clientId: row.client_id,
        content: row.content,
        attachments: JSON.parse(row.attachments) as Attachment[],
        productIds: JSON.parse(row.product_ids) as ProductId[],
        complaintId: row.complaint_id,
        at: row.at,
      }))
  }

  // Marks

  readSeq(userId: UserId): number {
    const [row] = this.#sql.exec<{ read_seq: number }>("SELECT read_seq FROM marks WHERE user_id = ?", userId).toArray()
    return row?.read_seq ?? 0
  }

  /** Whether there is room for this member's marks. Counted by organization: neither party crowds out the other's people. */
  hasRoomFor({ userId, orgId }: ChatIdentity): boolean {
    if (this.#sql.exec("SELECT 1 FROM marks WHERE user_id = ?", userId).toArray().length > 0) return true
    const { n } = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM marks WHERE org_id = ?", orgId).one()
    return n < limits.chatMembersPerRoomMax
  }

  /** @returns whether the mark moved; it never goes back. */
  markRead({ userId, orgId, name }: ChatIdentity, seq: number): boolean {
    const { rowsWritten } = this.#sql.exec(
      `INSERT INTO marks (user_id, org_id, name, read_seq, delivered_seq) VALUES (?1, ?2, ?3, ?4, ?4)
       ON CONFLICT (user_id) DO UPDATE SET name = ?3, read_seq = ?4, delivered_seq = max(delivered_seq, ?4) WHERE read_seq < ?4`,
      userId,
      orgId,
      name,
      seq,
    )
    return rowsWritten > 0
  }

  markDelivered(userId: UserId, seq: number): void {
    this.#sql.exec("UPDATE marks SET delivered_seq = ?2 WHERE user_id = ?1 AND delivered_seq < ?2", userId, seq)
  }

  /** Of the members who read furthest, bounded. */
  marks(except: UserId): Mark[] {
    return this.#sql
      .exec<{ user_id: UserId; read_seq: number; delivered_seq: number }>(
        "SELECT user_id, read_seq, delivered_seq FROM marks WHERE user_id <> ? ORDER BY read_seq DESC LIMIT ?",
        except,
        limits.chatBatchMessagesMax,
      )
      .toArray()
      .map((row) => ({ userId: row.user_id, readSeq: row.read_seq, deliveredSeq: row.delivered_seq }))
  }

  // Who is live

  live(): Array<{ readonly userId: UserId; readonly orgId: OrganizationId }> {
    return this.#sql
      .exec<{ user_id: UserId; org_id: OrganizationId }>("SELECT user_id, org_id FROM live LIMIT ?", limits.chatMembersPerRoomMax)
      .toArray()
      .map((row) => ({ userId: row.user_id, orgId: row.org_id }))
  }

  addLive(userId: UserId, orgId: OrganizationId): boolean {
    return this.#sql.exec("INSERT INTO live (user_id, org_id) VALUES (?, ?) ON CONFLICT DO NOTHING", userId, orgId).rowsWritten > 0
  }

  removeLive(userId: UserId): void {
    this.#sql.exec("DELETE FROM live WHERE user_id = ?", userId)
  }

  subscription(orgId: OrganizationId): { readonly until: Instant; readonly version: number } {
    const [row] = this.#sql
      .exec<{ until: number; version: number }>("SELECT until, version FROM subscriptions WHERE org_id = ?", orgId)
      .toArray()
    return row ?? { until: 0, version: 0 }
  }

  saveSubscription(orgId: OrganizationId, until: Instant, version: number): void {
    this.#sql.exec(
      "INSERT INTO subscriptions (org_id, until, version) VALUES (?1, ?2, ?3) ON CONFLICT (org_id) DO UPDATE SET until = ?2, version = ?3",
      orgId,
      until,
      version,
    )
  }
}
