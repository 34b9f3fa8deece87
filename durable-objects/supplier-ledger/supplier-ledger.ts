import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import { giveWay } from "../../src/kernel/give-way.ts"
import type { LinkId, OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { err, ok, type Result, refuse } from "../../src/kernel/result.ts"
import { hour, type Instant, minute } from "../../src/kernel/time.ts"
import { answeredWithin } from "../../src/kernel/within.ts"
import { Executor } from "../../src/platform/db/executor.ts"
import { type Cost, Meter, noCost } from "../../src/platform/db/meter.ts"
import { type Bindings, configOf } from "../../src/platform/env.ts"
import { log } from "../../src/platform/log/log.ts"
import { callRoom } from "../chat-room/client.ts"
import { announceEvents } from "../event-hub/client.ts"
import { ledgerWatchOf } from "../ledger-watch/client.ts"
import { Announcer } from "../shared/announcer.ts"
import { CommandLog } from "../shared/command-log.ts"
import { DueTable, jittered } from "../shared/due-table.ts"
import { inTransaction } from "../shared/in-transaction.ts"
import { isMigrated, migrate } from "../shared/migrate.ts"
import { Outbox } from "../shared/outbox.ts"
import { Relay } from "../shared/relay.ts"
import { openBooks, showLinksAnew } from "./adopt.ts"
import { carryOut, type LedgerFact, tellsRooms } from "./commands/index.ts"
import { lapse } from "./commands/lapses.ts"
import { aboutThat, noOrigin, passing, Rollback, systemActor, unknownLedger } from "./envelopes.ts"
import { schemaSteps } from "./migrations.ts"
import { eventOrganizations, type ProjectedKind, rowsOf, statementsFor } from "./projections/index.ts"
import { areLinksShownAnew } from "./projections/links.ts"
import { LedgerReader } from "./reader.ts"
import { markEverything, reconcileLedger, recountHoldings, sweepOlderGenerations } from "./reconcile.ts"
import { RoomNews } from "./room-news.ts"
import type { Envelope, LedgerReplies, LedgerReply, LedgerRpc, PastCommand, ProjectionState, Reconciliation } from "./rpc.ts"
import { LedgerStore } from "./store/index.ts"
import { LedgerWork } from "./work.ts"

/** What falls due: reservations and lots that run out, another try at the relay, word to the watch and to chat rooms, links that show their supplier anew, forgetting commands, comparing with D1, finishing a rebuild. */
type Due = "relay" | "watch" | "rooms" | "links" | "commands" | "reconcile" | "rebuild" | "stock"

/**
 * The one writer of a supplier's products, stock, links and orders. It decides and writes in one transaction
 * of its own SQLite, then projects to D1. This class is the shell (storage, time, alarms, RPC); commands/ decide.
 */
export class SupplierLedger extends LedgerReader implements LedgerRpc {
  readonly #store: LedgerStore
  readonly #outbox: Outbox<ProjectedKind>
  readonly #commands: CommandLog
  readonly #due: DueTable<Due>
  readonly #relay: Relay<ProjectedKind>
  readonly #announcer: Announcer
  readonly #rooms: RoomNews
  #isReady: boolean
  #retryMs: number = limits.relayRetryMs

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env)
    const { sql } = state.storage
    this.#store = new LedgerStore(sql)
    this.#outbox = new Outbox(sql)
    this.#commands = new CommandLog(sql)
    this.#due = new DueTable(state.storage)
    this.#announcer = new Announcer((orgIds) => announceEvents(env, orgIds))
    this.#relay = new Relay({
      outbox: this.#outbox,
      open: (meter) => new Executor(env, meter, "ledger relay"),
      rowsOf: (kind, id) => rowsOf(this.#store, kind, id),
      statements: statementsFor,
      transaction: this.#transaction,
      sent: (items) => this.#announce(eventOrganizations(items)),
      drained: () => this.#onDrained(),
      failed: () => this.#onFailed(),
    })
    this.#rooms = new RoomNews({
      sql,
      link: (id) => this.#store.links.find(id),
      call: (conversationId, use) => callRoom(env, conversationId, use),
      transaction: this.#transaction,
    })
    this.#isReady = isMigrated(sql)
    if (!this.#isReady) return
    this.#transaction(() => {
      // A step may leave what D1 must hear of.
      if (migrate(sql, schemaSteps)) this.#armRelay(Date.now())
      if (this.#rooms.isWaiting) this.#due.schedule("rooms", Date.now())
    })
  }

  protected override get books(): LedgerStore | undefined {
    return this.#isReady ? this.#store : undefined
  }

  /** Takes the organization's facts; the first time, this makes the ledger. Older facts than those it has change nothing. */
  async adopt(facts: OrganizationFacts): Promise<void> {
    this.#transaction(() => {
      migrate(this.ctx.storage.sql, schemaSteps)
      const isNew = !this.#store.isAdopted
      const before = isNew ? undefined : this.#store.organization
      if (before !== undefined && before.version >= facts.version) return
      this.#store.saveOrganization(facts)
      const work = this.#work(this.#now(), systemActor, noOrigin)
      if (isNew) {
        openBooks(work)
        this.#due.schedule("reconcile", work.now + jittered(limits.reconcileMinutes * minute))
      }
      if (before !== undefined && areLinksShownAnew(before, this.#store.organization)) {
        this.#store.setMeta("links_anew", work.seq)
        this.#due.schedule("links", work.now + minute)
      }
      this.#armRelay(work.now)
    })
    this.#isReady = true
    await this.#showLinksAnew()
    await this.#waitForProjection()
  }

  async execute(envelope: Envelope): Promise<LedgerReply> {
    const result = this.#decide(envelope, this.#now())
    const [projected, told] = await Promise.all([this.#waitForProjection(), tellsRooms(envelope.command) ? this.#tellRooms() : 0])
    return { result, projection: projected.projection, cost: { ...projected.cost, objectCalls: projected.cost.objectCalls + told } }
  }

  async executeAll(envelopes: readonly Envelope[]): Promise<LedgerReplies> {
    const results = envelopes.map((envelope) => this.#decide(envelope, this.#now()))
    return { results, ...(await this.#waitForProjection()) }
  }

  async introduceLink(organizationId: OrganizationId, id: LinkId): Promise<boolean> {
    const link = await this.readLink(organizationId, id)
    if (link === undefined) return false
    this.#transaction(() => this.#rooms.touch(link.id, link.seq))
    await this.#tellRooms()
    return true
  }

  /** Compares the projection with the ledger after a drain, and marks what differs, so that the relay mends it. */
  async reconcile(): Promise<Reconciliation> {
    if (!this.#isReady) return { checked: 0, differences: [], truncated: false, stuck: [] }
    // What D1 refused may be mended by now; what is still refused is parked again.
    this.#transaction(() => this.#outbox.unpark())
    this.#recount()
    await this.#relay.flush()
    const seqAtStart = this.#store.meta("seq")
    const executor = new Executor(this.env, new Meter(), "ledger reconcile")
    const found = await reconcileLedger(this.#store, this.#outbox, executor, this.#transaction)
    this.#store.setMeta("reconciled_at", seqAtStart)
    if (found.differences.length > 0) {
      log.error("projection differed from its ledger", { organization: this.#store.organization.id, differences: found.differences.length })
      await this.#relay.flush()
    }
    return { ...found, stuck: this.#outbox.stuck }
  }

  #recount(): void {
    const places = recountHoldings(this.#store, this.#outbox, this.#transaction)
    if (places > 0) log.error("what places are kept to hold was not what lies there", { organization: this.#store.organization.id, places })
  }

  /** Projects everything anew under a new generation, then deletes what the old one left. Readers never see a gap. */
  async rebuild(): Promise<{ generation: number; rows: number }> {
    if (!this.#isReady) return { generation: 0, rows: 0 }
    const generation = this.#transaction(() => {
      const next = this.#store.next("generation")
      this.#store.setMeta("rebuilding", next)
      this.#store.setMeta("marking", next)
      this.#outbox.unpark()
      // Should this object die before it has finished below.
      this.#due.schedule("rebuild", this.#now() + minute)
      this.#armRelay(this.#now())
      return next
    })
    this.#recount()
    const rows = await markEverything(this.#store, this.#outbox, generation, this.#transaction)
    this.ctx.waitUntil(this.#finishRebuild())
    return { generation, rows }
  }

  /** Past commands, each with its own time, for seeding; through the same rules as today's. */
  async replayPast(commands: readonly PastCommand[]): Promise<ReadonlyArray<Result<LedgerFact["id"]>>> {
    if (configOf(this.env).ENVIRONMENT !== "development") throw new Error("past commands exist in development alone")
    const results: Array<Result<LedgerFact["id"]>> = []
    for (const { at, envelope, about } of commands) {
      const earlier = about === undefined ? undefined : results[about]
      if (earlier?.ok === false) {
        results.push(earlier)
        continue
      }
      const result = this.#decide(earlier === undefined ? envelope : aboutThat(envelope, earlier.value), at)
      results.push(result.ok ? ok(result.value.id) : result)
    }
    // A ledger that nobody owns has refused them all, and has nothing to flush: not even tables.
    if (this.#isReady) await this.#relay.flush()
    return results
  }

  override async alarm(): Promise<void> {
    if (this.#isReady) await this.#due.run((kind) => this.#onDue(kind))
  }

  /** @returns when it is due again, if ever. */
  async #onDue(kind: Due): Promise<Instant | undefined> {
    switch (kind) {
      case "relay":
        // A failed drain schedules the next try itself.
        if (this.#outbox.depth > 0) await this.#relay.flush()
        return undefined
      case "watch":
        return this.#reportToWatch()
      case "rooms":
        return (await this.#rooms.tell()).isDone ? undefined : Date.now() + this.#rooms.retryMs
      case "links":
        await this.#showLinksAnew()
        return undefined
      case "commands": {
        const more = this.#transaction(() => this.#commands.forget(Date.now() - limits.commandHoursKept * hour, limits.alarmRowsMax))
        return Date.now() + (more ? minute : hour)
      }
      case "reconcile":
        if (this.#store.meta("reconciled_at") !== this.#store.meta("seq") || this.#outbox.stuck.length > 0) await this.reconcile()
        return Date.now() + jittered(limits.reconcileMinutes * minute)
      case "stock":
        return this.#endStock()
      case "rebuild":
        await this.#finishRebuild()
        return this.#store.meta("rebuilding") === 0 ? undefined : Date.now() + minute
    }
  }

  /** INV-CMD-1: one command in one transaction: its stored result, or its effects with the result stored beside them. */
  #decide(envelope: Envelope, at: Instant): Result<LedgerFact> {
    if (!this.#isReady) return unknownLedger(envelope)
    const { commandId, requestHash, command } = envelope
    try {
      return this.#transaction(() => {
        const kept = this.#commands.find(commandId, requestHash)
        if (kept === "REUSED") return refuse("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key belongs to an earlier, different request.")
        if (kept !== undefined) return JSON.parse(kept.result) as Result<LedgerFact>
        const result = this.#carryOut(envelope, at)
        if (!result.ok) throw new Rollback(result.error)
        this.#keepResult(envelope, result)
        this.#armRelay(at)
        if (this.#rooms.isWaiting) this.#due.schedule("rooms", Math.max(at, Date.now()) + this.#rooms.retryMs)
        return result
      })
    } catch (error) {
      if (!(error instanceof Rollback)) throw error
      const refused: Result<LedgerFact> = err(error.refusal)
      // INV-LED-1: a stranger's refusals are not kept: nobody without a link may fill a supplier's storage. Nor is one without a key: nobody can ask for it again.
      if (requestHash !== "" && !passing.has(error.refusal.code) && this.#isParty(envelope.actor.organizationId)) {
        this.#transaction(() => this.#keepResult(envelope, refused))
      }
      log.info("command refused", { verb: command.verb, code: error.refusal.code, organization: this.#store.organization.id })
      return refused
    }
  }

  /** Kept from now, not from the command's own time: a retry of the past comes today. */
  #keepResult({ commandId, requestHash }: Envelope, result: Result<LedgerFact>): void {
    const now = Date.now()
    this.#commands.keep(commandId, requestHash, JSON.stringify(result), now)
    this.#due.schedule("commands", now + limits.commandHoursKept * hour)
  }

  #carryOut({ actor, origin, command, ifMatch }: Envelope, at: Instant): Result<LedgerFact> {
    this.#store.setMeta("last_at", Math.max(at, this.#store.meta("last_at")))
    const work = this.#work(at, actor, origin)
    const result = carryOut(work, command, ifMatch)
    if (!result.ok) return result
    work.finish()
    if (work.stock.dueAt !== undefined) this.#due.schedule("stock", work.stock.dueAt)
    return result
  }

  #work(now: Instant, actor: Envelope["actor"], origin: Envelope["origin"]): LedgerWork {
    return new LedgerWork({ store: this.#store, outbox: this.#outbox, rooms: this.#rooms, now, actor, origin })
  }

  /** INV-STK-8: what was promised for a time is free after it, and a lot is out of date when its day is over. */
  #endStock(): Instant | undefined {
    return this.#transaction(() => {
      const now = this.#now()
      const work = this.#work(now, systemActor, noOrigin)
      const next = lapse(work)
      this.#armRelay(now)
      return next
    })
  }

  #isParty(organizationId: OrganizationId): boolean {
    return organizationId === this.#store.organization.id || this.#store.links.ofBuyer(organizationId)?.status === "APPROVED"
  }

  /** The ledger's clock never goes back, whatever the machine's does. */
  #now(): Instant {
    return this.#isReady ? Math.max(Date.now(), this.#store.meta("last_at")) : Date.now()
  }

  readonly #transaction = <T>(work: () => T): T => inTransaction(this.ctx.storage, this.#store, work)

  /** Tells waiting rooms now, within what an answer may wait; the alarm does the rest. @returns how many were told. */
  async #tellRooms(): Promise<number> {
    if (!this.#isReady || !this.#rooms.isWaiting) return 0
    const telling = this.#rooms.tell().then((told) => {
      if (told.isDone) this.#due.cancel("rooms")
      return told
    })
    this.ctx.waitUntil(telling)
    return (await answeredWithin(configOf(this.env).PROJECTION_WAIT_MS_MAX, telling))?.told ?? 0
  }

  // The projection

  /** In the command's own transaction: should this object die before it projects, the alarm does. */
  #armRelay(now: Instant): void {
    this.#due.schedule("relay", Math.max(now, Date.now()) + limits.outboxLateMs)
  }

  async #waitForProjection(): Promise<{ projection: ProjectionState; cost: Cost }> {
    if (!this.#isReady || this.#outbox.depth === 0) return { projection: "done", cost: noCost }
    // While D1 is down nobody waits for it; the alarm keeps trying.
    if (this.#relay.isFailing) return { projection: "pending", cost: noCost }
    const drain = this.#relay.flush()
    this.ctx.waitUntil(drain)
    const share = await answeredWithin(configOf(this.env).PROJECTION_WAIT_MS_MAX, drain)
    return share === undefined
      ? { projection: "pending", cost: noCost }
      : { projection: share.isDrained ? "done" : "pending", cost: share.cost }
  }

  /** After the answer's own way: nobody waits for it, and the sweep finds what it fails to tell. */
  #announce(orgIds: readonly OrganizationId[]): void {
    if (orgIds.length > 0) this.ctx.waitUntil(this.#announcer.announce(orgIds))
  }

  #onDrained(): void {
    this.#retryMs = limits.relayRetryMs
    if (this.#store.meta("late_since") !== 0) this.#transaction(() => this.#due.schedule("watch", Date.now()))
  }

  #onFailed(): void {
    const now = Date.now()
    this.#transaction(() => {
      this.#due.cancel("relay")
      this.#due.schedule("relay", now + this.#retryMs)
      if (this.#store.meta("late_since") !== 0) return
      this.#store.setMeta("late_since", now)
      this.#due.schedule("watch", now + limits.outboxLateMs)
    })
    this.#retryMs = Math.min(this.#retryMs * 2, limits.relayRetryMsMax)
  }

  /** Tells the watch that this ledger is behind, and again while it is, or that it no longer is. @returns when to tell again. */
  async #reportToWatch(): Promise<Instant | undefined> {
    const { id, routing } = this.#store.organization
    const watch = ledgerWatchOf(this.env)
    const isLate = this.#outbox.depth > 0 && !(await this.#relay.flush()).isDrained
    if (isLate) {
      await watch.report({ routing, orgId: id, since: this.#store.meta("late_since"), depth: this.#outbox.depth }, Date.now())
      return Date.now() + minute
    }
    this.#store.setMeta("late_since", 0)
    await watch.leave(routing)
    return undefined
  }

  /** Page by page: an organization may sell to thousands. What died half-way the alarm ends. */
  async #showLinksAnew(): Promise<void> {
    while (this.#store.meta("links_anew") !== 0) {
      const isMore = this.#transaction(() => {
        const work = this.#work(this.#now(), systemActor, noOrigin)
        const more = showLinksAnew(work)
        if (this.#rooms.isWaiting) this.#due.schedule("rooms", work.now)
        this.#armRelay(work.now)
        return more
      })
      if (isMore) await giveWay()
    }
  }

  /** INV-PRJ-4: only what a finished rebuild has replaced is deleted; a row that D1 refused is not replaced, so nothing is while one is parked. */
  async #finishRebuild(): Promise<void> {
    const generation = this.#store.meta("rebuilding")
    if (generation === 0) return
    if (this.#store.meta("marking") === generation) await markEverything(this.#store, this.#outbox, generation, this.#transaction)
    const { isDrained } = await this.#relay.flush()
    if (!isDrained || this.#outbox.stuck.length > 0 || this.#store.meta("marking") !== 0) return
    await sweepOlderGenerations(this.#store, new Executor(this.env, new Meter(), "ledger rebuild"), generation)
    // Another rebuild may have begun meanwhile; it finishes itself.
    if (this.#store.meta("rebuilding") === generation) this.#store.setMeta("rebuilding", 0)
  }
}
