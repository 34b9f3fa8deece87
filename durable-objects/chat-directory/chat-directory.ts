import { DurableObject } from "cloudflare:workers"
import type { ConversationHead } from "../../src/domains/chat/rules.ts"
import type { ConversationId, OrganizationId, UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { log } from "../../src/platform/log/log.ts"
import { callRoom, type Presence } from "../chat-room/client.ts"
import { DueTable } from "../shared/due-table.ts"
import { isMigrated, migrate, type SchemaStep } from "../shared/migrate.ts"
import type { ChatDirectoryRpc, HeadPage, Turn } from "./rpc.ts"

const steps: readonly SchemaStep[] = [
  {
    id: 1,
    name: "who is live, who wants to know, conversations",
    sql: `
CREATE TABLE directory (one INTEGER PRIMARY KEY CHECK (one = 1), org_id TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE live (user_id TEXT PRIMARY KEY, turn INTEGER NOT NULL, since INTEGER NOT NULL, is_live INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE subscribers (
  conversation_id TEXT PRIMARY KEY, until INTEGER NOT NULL, told_version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX subscribers_until ON subscribers (until);
CREATE TABLE conversations (id TEXT PRIMARY KEY, last_at INTEGER NOT NULL, last_seq INTEGER NOT NULL, version INTEGER NOT NULL, head TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX conversations_last_at ON conversations (last_at, id);
CREATE TABLE due (kind TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
`,
  },
]

/** Rooms told at once. */
const toldAtOnceMax = 50

/**
 * An organization's side of the chat: which of its users have a socket open, and its links' conversations by their last
 * message. Rooms and inboxes say so; it asks nobody. Rooms in which something goes on subscribe to who is live.
 */
export class ChatDirectory extends DurableObject<Bindings> implements ChatDirectoryRpc {
  readonly #sql: SqlStorage
  readonly #due: DueTable<"tell">
  #isReady: boolean

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env)
    this.#sql = state.storage.sql
    this.#due = new DueTable(state.storage)
    this.#isReady = isMigrated(this.#sql)
    if (this.#isReady) state.storage.transactionSync(() => migrate(this.#sql, steps))
  }

  async turn(orgId: OrganizationId, userId: UserId, { turn, isLive, at }: Turn): Promise<void> {
    this.#prepared(() => {
      const { rowsWritten } = this.#sql.exec(
        `INSERT INTO live (user_id, turn, since, is_live) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (user_id) DO UPDATE SET turn = ?2, since = ?3, is_live = ?4 WHERE turn < ?2`,
        userId,
        turn,
        at,
        isLive ? 1 : 0,
      )
      if (rowsWritten === 0) return
      this.#sql.exec(
        "INSERT INTO directory (one, org_id, version) VALUES (1, ?, 2) ON CONFLICT (one) DO UPDATE SET version = version + 1",
        orgId,
      )
      this.#due.schedule("tell", Date.now())
    })
  }

  async subscribe(orgId: OrganizationId, conversationId: ConversationId, until: Instant): Promise<Presence> {
    return this.#prepared(() => {
      // From 1 on: a room that has never asked is at 0.
      this.#sql.exec("INSERT INTO directory (one, org_id, version) VALUES (1, ?, 1) ON CONFLICT DO NOTHING", orgId)
      const presence = this.#presence()
      this.#sql.exec(
        `INSERT INTO subscribers (conversation_id, until, told_version) VALUES (?1, ?2, ?3)
         ON CONFLICT (conversation_id) DO UPDATE SET until = ?2, told_version = max(told_version, ?3)`,
        conversationId,
        until,
        presence.version,
      )
      return presence
    })
  }

  async head(head: ConversationHead): Promise<void> {
    this.#prepared(() =>
      this.#sql.exec(
        `INSERT INTO conversations (id, last_at, last_seq, version, head) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET last_at = ?2, last_seq = ?3, version = ?4, head = ?5
         WHERE last_seq <= ?3 AND version <= ?4`,
        head.id,
        head.lastAt,
        head.lastSeq,
        head.version,
        JSON.stringify(head),
      ),
    )
  }

  async page({ after, rowsMax }: HeadPage): Promise<ConversationHead[]> {
    if (!this.#isReady) return []
    const rows =
      after === undefined
        ? this.#sql.exec<{ head: string }>("SELECT head FROM conversations ORDER BY last_at DESC, id DESC LIMIT ?", rowsMax)
        : this.#sql.exec<{ head: string }>(
            "SELECT head FROM conversations WHERE (last_at, id) < (?, ?) ORDER BY last_at DESC, id DESC LIMIT ?",
            after.lastAt,
            after.id,
            rowsMax,
          )
    return rows.toArray().map(({ head }) => JSON.parse(head) as ConversationHead)
  }

  async byIds(ids: readonly ConversationId[]): Promise<ConversationHead[]> {
    if (!this.#isReady) return []
    return this.#sql
      .exec<{ head: string }>("SELECT head FROM conversations WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(ids))
      .toArray()
      .map(({ head }) => JSON.parse(head) as ConversationHead)
  }

  override async alarm(): Promise<void> {
    if (this.#isReady) await this.#due.run(() => this.#tellRooms())
  }

  /** The first write makes the tables: a directory that was only asked has none. */
  #prepared<T>(work: () => T): T {
    const done = this.ctx.storage.transactionSync(() => {
      if (!this.#isReady) migrate(this.#sql, steps)
      return work()
    })
    this.#isReady = true
    return done
  }

  #presence(): Presence {
    const { org_id, version } = this.#sql.exec<{ org_id: OrganizationId; version: number }>("SELECT org_id, version FROM directory").one()
    const users = this.#sql
      .exec<{ user_id: UserId; since: number }>(
        "SELECT user_id, since FROM live WHERE is_live = 1 ORDER BY since DESC LIMIT ?",
        limits.chatLiveUsersMax,
      )
      .toArray()
      .map(({ user_id, since }) => ({ id: user_id, since }))
    return { orgId: org_id, version, users }
  }

  /** @returns when to go on, if anybody is still to be told. */
  async #tellRooms(): Promise<Instant | undefined> {
    const now = Date.now()
    this.#sql.exec(
      "DELETE FROM subscribers WHERE conversation_id IN (SELECT conversation_id FROM subscribers WHERE until < ? LIMIT ?)",
      now,
      limits.alarmRowsMax,
    )
    const presence = this.#presence()
    const behind = this.#sql
      .exec<{ conversation_id: ConversationId }>(
        "SELECT conversation_id FROM subscribers WHERE told_version < ? LIMIT ?",
        presence.version,
        toldAtOnceMax,
      )
      .toArray()
    const told = await Promise.allSettled(
      behind.map(async ({ conversation_id }) => {
        await callRoom(this.env, conversation_id, (room) => room.presence(presence))
        this.#sql.exec(
          "UPDATE subscribers SET told_version = ? WHERE conversation_id = ? AND told_version < ?",
          presence.version,
          conversation_id,
          presence.version,
        )
      }),
    )
    const failed = told.filter(({ status }) => status === "rejected").length
    if (failed > 0) log.warn("chat rooms were not told who is live", { rooms: failed })
    if (failed > 0) return Date.now() + limits.chatRetryMs
    return behind.length === toldAtOnceMax ? Date.now() : undefined
  }
}
