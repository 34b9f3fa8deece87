import type { Allowance, ConversationHead, MessageFacts } from "../../src/domains/chat/rules.ts"
import type { ConversationId, MessageId, OrganizationId, UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { HeadKey } from "../chat-directory/client.ts"
import type { Claim } from "./claims.ts"
import type { ConversationState, SocketFacts } from "./rpc.ts"

/** `turn` grows whenever the first socket opens or the last one is gone for good. */
type Owner = { readonly userId: UserId; readonly orgId: OrganizationId; readonly turn: number; readonly isLive: boolean }

type SocketRow = { readonly id: string; readonly facts: SocketFacts; readonly openedAt: Instant }

type StateRecord = { id: ConversationId; read_seq: number; last_seq: number; last_message: string | null; head: string | null }

const stateOf = ({ id, read_seq, last_seq, last_message }: StateRecord): ConversationState => ({
  id,
  readSeq: read_seq,
  lastSeq: last_seq,
  lastMessage: last_message === null ? null : (JSON.parse(last_message) as MessageFacts),
})

/** The inbox's rows as facts, and back. It decides nothing; every write belongs to its caller's transaction. */
export class InboxStore {
  readonly #sql: SqlStorage
  // Asked for several times with each frame, and written when a socket comes or goes.
  #owner: Owner | undefined
  #sockets: readonly SocketRow[] | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** After a transaction that may have been rolled back. */
  forgetCached(): void {
    this.#owner = undefined
    this.#sockets = undefined
  }

  // The owner

  get owner(): Owner | undefined {
    if (this.#owner !== undefined) return this.#owner
    const [row] = this.#sql
      .exec<{ user_id: UserId; org_id: OrganizationId; turn: number; is_live: number }>("SELECT user_id, org_id, turn, is_live FROM owner")
      .toArray()
    this.#owner = row === undefined ? undefined : { userId: row.user_id, orgId: row.org_id, turn: row.turn, isLive: row.is_live === 1 }
    return this.#owner
  }

  own(userId: UserId, orgId: OrganizationId): void {
    this.#sql.exec("INSERT INTO owner (one, user_id, org_id, turn, is_live) VALUES (1, ?, ?, 0, 0) ON CONFLICT DO NOTHING", userId, orgId)
  }

  nextTurn(isLive: boolean): void {
    this.#sql.exec("UPDATE owner SET turn = turn + 1, is_live = ?", isLive ? 1 : 0)
    this.#owner = undefined
  }

  // Sockets and tickets

  addSocket(id: string, facts: SocketFacts, openedAt: Instant): void {
    this.#sql.exec(
      "INSERT INTO sockets (id, facts, opened_at, expires_at) VALUES (?, ?, ?, ?)",
      id,
      JSON.stringify(facts),
      openedAt,
      facts.expiresAt,
    )
    this.#sockets = undefined
  }

  removeSocket(id: string): void {
    this.#sql.exec("DELETE FROM sockets WHERE id = ?", id)
    this.#sockets = undefined
  }

  /** The oldest first. */
  sockets(): readonly SocketRow[] {
    this.#sockets ??= this.#sql
      .exec<{ id: string; facts: string; opened_at: number }>("SELECT id, facts, opened_at FROM sockets ORDER BY opened_at, id")
      .toArray()
      .map((row) => ({ id: row.id, facts: JSON.parse(row.facts) as SocketFacts, openedAt: row.opened_at }))
    return this.#sockets
  }

  /** When the next socket or ticket ends. */
  nextExpiry(): Instant | undefined {
    const { at } = this.#sql
      .exec<{ at: number | null }>(
        "SELECT min(expires_at) AS at FROM (SELECT expires_at FROM sockets UNION ALL SELECT expires_at FROM tickets)",
      )
      .one()
    return at ?? undefined
  }

  addTicket(hash: string, claims: string, subjects: readonly string[], expiresAt: Instant, now: Instant): boolean {
    this.forgetTickets(now)
    if (this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM tickets").one().n >= limits.chatTicketsMax) return false
    this.#sql.exec(
      "INSERT INTO tickets (hash, claims, subjects, expires_at) VALUES (?, ?, ?, ?)",
      hash,
      claims,
      JSON.stringify(subjects),
      expiresAt,
    )
    return true
  }

  /** INV-CHT-4: found once, and not when it has run out. */
  takeTicket(hash: string, now: Instant): string | undefined {
    const [row] = this.#sql
      .exec<{ claims: string; expires_at: number }>("DELETE FROM tickets WHERE hash = ? RETURNING claims, expires_at", hash)
      .toArray()
    return row !== undefined && now < row.expires_at ? row.claims : undefined
  }

  forgetTickets(now: Instant): void {
    this.#sql.exec("DELETE FROM tickets WHERE expires_at <= ?", now)
  }

  revokeTickets(subjects: readonly string[]): void {
    this.#sql.exec(
      "DELETE FROM tickets WHERE EXISTS (SELECT 1 FROM json_each(tickets.subjects) WHERE value IN (SELECT value FROM json_each(?)))",
      JSON.stringify(subjects),
    )
  }

  // The allowance of frames

  get allowance(): Allowance | undefined {
    const [row] = this.#sql.exec<{ left: number; at: number }>("SELECT left_over AS left, at FROM allowance").toArray()
    return row
  }

  saveAllowance({ left, at }: Allowance): void {
    this.#sql.exec(
      "INSERT INTO allowance (one, left_over, at) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET left_over = ?1, at = ?2",
      left,
      at,
    )
  }

  // Claims of files

  saveClaim(claim: Claim): void {
    this.#sql.exec(
      "INSERT INTO claims (message_id, facts, at) VALUES (?1, ?2, ?3) ON CONFLICT (message_id) DO UPDATE SET facts = ?2, at = ?3",
      claim.messageId,
      JSON.stringify(claim),
      claim.at,
    )
  }

  removeClaim(messageId: MessageId): void {
    this.#sql.exec("DELETE FROM claims WHERE message_id = ?", messageId)
  }

  claim(messageId: MessageId): Claim | undefined {
    const [row] = this.#sql.exec<{ facts: string }>("SELECT facts FROM claims WHERE message_id = ?", messageId).toArray()
    return row === undefined ? undefined : (JSON.parse(row.facts) as Claim)
  }

  /** Made before the instant, the oldest first. */
  claimsBefore(at: Instant, rowsMax: number): Claim[] {
    return this.#sql
      .exec<{ facts: string }>("SELECT facts FROM claims WHERE at < ? ORDER BY at LIMIT ?", at, rowsMax)
      .toArray()
      .map(({ facts }) => JSON.parse(facts) as Claim)
  }

  // Conversations

  has(id: ConversationId): boolean {
    return this.#sql.exec("SELECT 1 FROM conversations WHERE id = ?", id).toArray().length > 0
  }

  /** The last message that every open socket got, or undefined where none came since the first of them opened. */
  knownSeq(id: ConversationId, turn: number): number | undefined {
    const [row] = this.#sql.exec<{ known_seq: number }>("SELECT known_seq FROM conversations WHERE id = ? AND turn = ?", id, turn).toArray()
    return row?.known_seq
  }

  /** The inbox has everything up to this message, and its user has read up to `readSeq`, if any of it. */
  advance(last: MessageFacts, turn: number, readSeq = 0): void {
    this.#sql.exec(
      `INSERT INTO conversations (id, turn, known_seq, read_seq, last_seq, last_message, last_at) VALUES (?1, ?2, ?3, ?6, ?3, ?4, ?5)
       ON CONFLICT (id) DO UPDATE SET turn = ?2, known_seq = ?3, read_seq = max(read_seq, ?6), last_seq = max(last_seq, ?3),
         last_message = CASE WHEN last_seq <= ?3 THEN ?4 ELSE last_message END, last_at = max(last_at, ?5)`,
      last.conversationId,
      turn,
      last.seq,
      JSON.stringify(last),
      last.at,
      readSeq,
    )
  }

  /** Nothing to bring, but from here on the inbox is up to date. */
  follow(id: ConversationId, turn: number, seq: number, now: Instant): void {
    this.#sql.exec(
      `INSERT INTO conversations (id, turn, known_seq, read_seq, last_seq, last_message, last_at) VALUES (?1, ?2, ?3, 0, 0, NULL, ?4)
       ON CONFLICT (id) DO UPDATE SET turn = ?2, known_seq = ?3`,
      id,
      turn,
      seq,
      now,
    )
  }

  markRead(id: ConversationId, seq: number, now: Instant): void {
    this.#sql.exec(
      `INSERT INTO conversations (id, turn, known_seq, read_seq, last_seq, last_message, last_at) VALUES (?1, 0, 0, ?2, 0, NULL, ?3)
       ON CONFLICT (id) DO UPDATE SET read_seq = ?2 WHERE read_seq < ?2`,
      id,
      seq,
      now,
    )
  }

  saveHead(head: ConversationHead): void {
    const message = head.lastMessage === null ? null : JSON.stringify(head.lastMessage)
    this.#sql.exec(
      `INSERT INTO conversations (id, turn, known_seq, read_seq, last_seq, last_message, last_at, head) VALUES (?1, 0, 0, 0, ?2, ?3, ?4, ?5)
       ON CONFLICT (id) DO UPDATE SET head = ?5, last_seq = max(last_seq, ?2),
         last_message = CASE WHEN last_seq <= ?2 THEN ?3 ELSE last_message END, last_at = max(last_at, ?4)
       WHERE head IS NULL OR last_seq <= ?2`,
      head.id,
      head.lastSeq,
      message,
      head.lastAt,
      JSON.stringify({ ...head, lastMessage: null }),
    )
  }

  pairs(after: HeadKey | undefined, rowsMax: number): ConversationHead[] {
    const select = "SELECT id, read_seq, last_seq, last_message, last_at, head FROM conversations WHERE head IS NOT NULL"
    type Row = StateRecord & { last_at: number; head: string }
    const rows =
      after === undefined
        ? this.#sql.exec<Row>(`${select} ORDER BY last_at DESC, id DESC LIMIT ?`, rowsMax)
        : this.#sql.exec<Row>(
            `${select} AND (last_at, id) < (?, ?) ORDER BY last_at DESC, id DESC LIMIT ?`,
            after.lastAt,
            after.id,
            rowsMax,
          )
    return rows.toArray().map((row) => {
      const { lastSeq, lastMessage } = stateOf(row)
      return { ...(JSON.parse(row.head) as ConversationHead), lastSeq, lastMessage, lastAt: row.last_at }
    })
  }

  states(ids: readonly ConversationId[]): ConversationState[] {
    return this.#sql
      .exec<StateRecord>(
        "SELECT id, read_seq, last_seq, last_message, head FROM conversations WHERE id IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      )
      .toArray()
      .map(stateOf)
  }

  // Recipients

  recipient(userId: UserId): ConversationId | undefined {
    const [row] = this.#sql
      .exec<{ conversation_id: ConversationId }>("SELECT conversation_id FROM recipients WHERE user_id = ?", userId)
      .toArray()
    return row?.conversation_id
  }

  rememberRecipient(userId: UserId, conversationId: ConversationId): void {
    if (this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM recipients").one().n >= limits.chatRecipientsKeptMax)
      this.#sql.exec("DELETE FROM recipients")
    this.#sql.exec(
      "INSERT INTO recipients (user_id, conversation_id) VALUES (?1, ?2) ON CONFLICT (user_id) DO UPDATE SET conversation_id = ?2",
      userId,
      conversationId,
    )
  }

  forgetRecipient(userId: UserId): void {
    this.#sql.exec("DELETE FROM recipients WHERE user_id = ?", userId)
  }
}
