import { DurableObject } from "cloudflare:workers"
import { asc, gt } from "drizzle-orm"
import { giveWay } from "../../src/kernel/give-way.ts"
import type { OrganizationId, UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { within } from "../../src/kernel/within.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { TenantDb } from "../../src/platform/db/tenant-db.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { inChunks } from "../../src/platform/events/queue.ts"
import { heartbeatFrame } from "../../src/platform/events/sse.ts"
import { type EventRow, events } from "../../src/platform/events/tables.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import { callInbox } from "../chat-inbox/client.ts"
import { isMigrated, migrate, type SchemaStep } from "../shared/migrate.ts"
import { type Arrival, advance, furthestBehind, hasRoom, type RosterTurn, type Stream, streamHeader, streamOf } from "./rules.ts"

const steps: readonly SchemaStep[] = [
  {
    id: 1,
    name: "organization and roster",
    sql: `
      CREATE TABLE organization (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
      CREATE TABLE roster (user_id TEXT PRIMARY KEY) WITHOUT ROWID;
    `,
  },
  {
    id: 2,
    name: "turns of the roster",
    sql: `
      ALTER TABLE roster ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE roster ADD COLUMN is_live INTEGER NOT NULL DEFAULT 1;
    `,
  },
]

const readMsMax = 10_000

/** Codes of the sockets' ends, for the Worker's log; whoever reads the stream reconnects or signs in anew. */
const ends = { expired: 4001, revoked: 4003 } as const

/**
 * An organization's live feed: Workers hold Server-Sent Events streams over hibernating sockets to it. It keeps no events:
 * told that there are new ones, it reads them from D1 from where the furthest stream stands, and sends each stream what
 * it may see. Where a stream stands is in its socket's attachment, so the object may sleep between any two events.
 */
export class EventHub extends DurableObject<Bindings> {
  #reading: Promise<void> | undefined
  #isToldMeanwhile = false
  #retryMs: number = limits.hubRetryMs

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env)
    // Whether the hub is still there is answered without waking it.
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"))
    if (isMigrated(state.storage.sql)) this.#migrate()
  }

  /** A Worker opens a stream. 429 when there are too many. */
  override async fetch(request: Request): Promise<Response> {
    const header = request.headers.get(streamHeader)
    if (header === null || request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 426 })
    const arrival = JSON.parse(decodeURIComponent(header)) as Arrival
    const open = this.#sockets()
    if (
      !hasRoom(
        open.map(({ stream }) => stream),
        arrival.actorId,
      )
    ) {
      // A reader who hung up shows when something is written to it: those are gone by the time that this one comes again.
      for (const { socket } of open) sendQuietly(socket, heartbeatFrame)
      return new Response(null, { status: 429 })
    }
    this.#remember(arrival.orgId)
    const { 0: forWorker, 1: own } = new WebSocketPair()
    this.ctx.acceptWebSocket(own)
    own.serializeAttachment(streamOf(arrival))
    this.ctx.waitUntil(this.#catchUp())
    return new Response(null, { status: 101, webSocket: forWorker })
  }

  /** There are new events. Costs nothing while nobody reads. */
  async poke(): Promise<void> {
    await this.#catchUp()
  }

  /** INV-HUB-4: ends the streams that carry one of the subjects, and has the chat sockets ended that do. */
  async revoke(subjects: readonly string[]): Promise<void> {
    for (const { socket, stream } of this.#sockets()) {
      if (stream.subjects.some((subject) => subjects.includes(subject))) end(socket, ends.revoked)
    }
    for (const chunk of inChunks(this.#joined(subjects), limits.eventCallsAtOnce)) {
      await Promise.all(chunk.map((userId) => this.#revokeChat(userId, subjects)))
    }
  }

  /** INV-HUB-5: a user's first chat socket opened or the last one closed; of two turns the later stands, whichever comes first. */
  async turn(userId: UserId, { turn, isLive }: RosterTurn): Promise<void> {
    this.#migrate()
    this.ctx.storage.sql.exec(
      `INSERT INTO roster (user_id, turn, is_live) VALUES (?1, ?2, ?3)
       ON CONFLICT (user_id) DO UPDATE SET turn = ?2, is_live = ?3 WHERE turn < ?2`,
      userId,
      turn,
      isLive ? 1 : 0,
    )
  }

  /** Another try, after a read that failed. */
  override async alarm(): Promise<void> {
    await this.#catchUp()
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    end(socket, 1000)
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    end(socket, 1011)
  }

  /** INV-HUB-3: one read at a time; whoever asks meanwhile has one more made after it, since the first may have begun too early. */
  #catchUp(): Promise<void> {
    this.#isToldMeanwhile = true
    this.#reading ??= this.#readWhileTold()
    return this.#reading
  }

  async #readWhileTold(): Promise<void> {
    try {
      while (this.#isToldMeanwhile) {
        this.#isToldMeanwhile = false
        await this.#sendWhatIsNew()
      }
      this.#retryMs = limits.hubRetryMs
    } catch (error) {
      log.warn("event hub could not read", { error: describeError(error) })
      // INV-HUB-2: in storage, so that it comes even if nobody speaks of it again.
      await this.ctx.storage.setAlarm(Date.now() + this.#retryMs)
      this.#retryMs = Math.min(this.#retryMs * 2, limits.hubRetryMsMax)
    } finally {
      this.#reading = undefined
    }
  }

  async #sendWhatIsNew(): Promise<void> {
    for (;;) {
      const open = this.#sockets()
      if (open.length === 0) return
      const readAfter = furthestBehind(open.map(({ stream }) => stream))
      const page = await within(readMsMax, this.#read(readAfter))
      // INV-HUB-1: whoever came during the read stands in the list now, and is left for the next one if it stands further back.
      for (const { socket, stream } of this.#sockets()) deliver(socket, stream, readAfter, page)
      if (page.length < limits.hubPageRows) return
      await giveWay()
    }
  }

  #read(after: number): Promise<EventRow[]> {
    const db = TenantDb.forSystem(this.env, new Meter(), this.#organization(), "the live feed reads its organization's events")
    return db.many(events, {
      where: gt(events.seq, after),
      orderBy: [asc(events.seq)],
      limit: limits.hubPageRows,
      indexedBy: "events_org_id_seq",
    })
  }

  /** The open streams; those whose reader's token has expired are ended on the way. */
  #sockets(): ReadonlyArray<{ readonly socket: WebSocket; readonly stream: Stream }> {
    const now = Date.now()
    return this.ctx.getWebSockets().flatMap((socket) => {
      if (socket.readyState !== WebSocket.OPEN) return []
      const stream = socket.deserializeAttachment() as Stream | null
      if (stream !== null && now < stream.expiresAt) return [{ socket, stream }]
      end(socket, ends.expired)
      return []
    })
  }

  #joined(subjects: readonly string[]): UserId[] {
    if (!isMigrated(this.ctx.storage.sql)) return []
    const all = this.ctx.storage.sql
      .exec<{ user_id: UserId }>("SELECT user_id FROM roster WHERE is_live = 1")
      .toArray()
      .map(({ user_id: userId }) => userId)
    // Subjects that name users concern nobody else's inbox.
    return subjects.every((subject) => subject.startsWith("usr_")) ? all.filter((userId) => subjects.includes(userId)) : all
  }

  async #revokeChat(userId: UserId, subjects: readonly string[]): Promise<void> {
    try {
      // A chat socket whose inbox cannot be told ends all the same, within a minute or so: the inbox looks by itself.
      await callInbox(this.env, userId, (inbox) => inbox.revoke(subjects))
    } catch (error) {
      log.warn("chat sockets were not told of a revocation", { error: describeError(error) })
    }
  }

  #migrate(): void {
    this.ctx.storage.transactionSync(() => migrate(this.ctx.storage.sql, steps))
  }

  /** An object that wakes up does not know its own name. */
  #remember(orgId: OrganizationId): void {
    this.#migrate()
    this.ctx.storage.sql.exec("INSERT INTO organization (one, id) VALUES (1, ?) ON CONFLICT DO NOTHING", orgId)
  }

  #organization(): OrganizationId {
    return this.ctx.storage.sql.exec<{ id: OrganizationId }>("SELECT id FROM organization").one().id
  }
}

/** Sent and noted without a pause in between: an event is never sent twice, and none is noted unsent. */
function deliver(socket: WebSocket, stream: Stream, readAfter: number, page: readonly EventRow[]): void {
  const { stream: next, text } = advance(stream, readAfter, page)
  if (next.cursor === stream.cursor) return
  try {
    if (text !== "") socket.send(text)
    socket.serializeAttachment(next)
  } catch (error) {
    log.warn("event stream broke", { error: describeError(error) })
    end(socket, 1011)
  }
}

function sendQuietly(socket: WebSocket, text: string): void {
  try {
    socket.send(text)
  } catch {
    // It is closed already.
  }
}

function end(socket: WebSocket, code: number): void {
  try {
    socket.close(code)
  } catch {
    // It is closed already.
  }
}
