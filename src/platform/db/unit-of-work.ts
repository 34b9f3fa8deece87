import { type ErrorCode, errors } from "../../kernel/errors.ts"
import { newId, type OrganizationId } from "../../kernel/ids.ts"
import { type Refusal, RefusalError } from "../../kernel/result.ts"
import { withoutSecrets } from "../../kernel/secrets.ts"
import type { Instant } from "../../kernel/time.ts"
import type { ActorRef } from "../auth/actor.ts"
import type { EventType } from "../events/define-event.ts"
import { auditLogs, events } from "../events/tables.ts"
import type { Statement } from "./executor.ts"
import { guardCode, uniqueViolation } from "./guards.ts"
import type { TenantDb } from "./tenant-db.ts"

/** Where a request came from, for the audit row. */
export type Origin = { readonly ipAddress: string | null; readonly userAgent: string | null }

export type AuditEntry = {
  readonly action: string
  readonly entity: string
  readonly entityId: string
  readonly before?: unknown
  readonly after?: unknown
  /** Defaults to the actor of the request. */
  readonly actor?: ActorRef
}

/** Who hears of what a commit did, once it is there. The commit waits for none of it. */
type Listeners = {
  /** These organizations have new events. */
  readonly events: (orgIds: readonly OrganizationId[]) => void
  /** What these subjects of the organization hold open is to end. */
  readonly revoked: (orgId: OrganizationId, subjects: readonly string[]) => void
}

const nobodyListens: Listeners = { events: () => undefined, revoked: () => undefined }

type Runner = { run(statements: readonly Statement[]): Promise<unknown> }

/**
 * All that one request writes to D1: the change, its audit row, its events and the kept answer, sent as
 * one batch, so that they are there together or not at all. The HTTP layer commits it once the answer is known.
 */
export class UnitOfWork {
  readonly #statements: Statement[] = []
  readonly #conflicts = new Map<string, Refusal>()
  readonly #guards = new Map<ErrorCode, Refusal>()
  readonly #ifRefused = new Map<ErrorCode, () => Promise<void>>()
  readonly #after: Array<() => Promise<void>> = []
  readonly #ifFailed: Array<() => Promise<void>> = []
  readonly #now: Instant
  readonly #origin: Origin
  readonly #actor: ActorRef | undefined
  readonly #eventOrganizations = new Set<OrganizationId>()
  readonly listeners: Listeners

  /** Without listeners nobody is told of events at once; the sweep finds them within a minute. */
  constructor(now: Instant, origin: Origin, actor?: ActorRef, listeners: Listeners = nobodyListens) {
    this.#now = now
    this.#origin = origin
    this.#actor = actor
    this.listeners = listeners
  }

  get isEmpty(): boolean {
    return this.#statements.length === 0
  }

  add(...statements: readonly Statement[]): this {
    this.#statements.push(...statements)
    return this
  }

  /** What a UNIQUE violation on `table.column` means to the client. */
  onConflict(column: string, refusal: Refusal): this {
    this.#conflicts.set(column, refusal)
    return this
  }

  /** What a guard's code means to the client, where the code alone does not say it. */
  onGuard(refusal: Refusal): this {
    this.#guards.set(refusal.code, refusal)
    return this
  }

  /** What else must happen when the request is refused with this code: it leaves nothing itself. */
  ifRefused(code: ErrorCode, effect: () => Promise<void>): this {
    this.#ifRefused.set(code, effect)
    return this
  }

  /** Carries out what `ifRefused` declared for this error. */
  async refused(error: unknown): Promise<void> {
    if (error instanceof RefusalError) await this.#ifRefused.get(error.refusal.code)?.()
  }

  /** Done once the batch is committed, before the answer; a failure is the caller's to survive. */
  afterCommit(effect: () => Promise<void>): this {
    this.#after.push(effect)
    return this
  }

  /** What must be taken back elsewhere when the batch fails, whyever. It may have been committed unheard: look before you undo. Must not throw. */
  ifFailed(effect: () => Promise<void>): this {
    this.#ifFailed.push(effect)
    return this
  }

  audit(db: TenantDb, entry: AuditEntry): this {
    const actor = entry.actor ?? this.#actor
    return this.add(
      db.insert(auditLogs, {
        id: newId("aud", this.#now),
        actorKind: actor?.kind ?? "SYSTEM",
        actorId: actor?.id ?? null,
        actorName: actor?.name ?? null,
        action: entry.action,
        entity: entry.entity,
        entityId: entry.entityId,
        before: entry.before === undefined ? null : withoutSecrets(entry.before),
        after: entry.after === undefined ? null : withoutSecrets(entry.after),
        ipAddress: this.#origin.ipAddress,
        userAgent: this.#origin.userAgent,
        at: this.#now,
      }),
    )
  }

  event<T>(db: TenantDb, type: EventType<T>, data: T): this {
    this.#eventOrganizations.add(db.orgId)
    return this.add(
      db.insert(events, {
        id: newId("evt", this.#now),
        type: type.name,
        permission: type.permission,
        data: type.schema.parse(data),
        at: this.#now,
        actorId: this.#actor?.id ?? null,
      }),
    )
  }

  /**
   * Sends the batch. @throws RefusalError for a guard that did not hold or a declared conflict; the
   * database's own error otherwise. Nothing is kept in either case.
   */
  async commit(db: Runner): Promise<void> {
    if (this.#statements.length > 0) {
      try {
        await db.run(this.#statements)
      } catch (error) {
        for (const effect of this.#ifFailed) await effect()
        throw this.#refusalOf(error) ?? error
      }
    }
    if (this.#eventOrganizations.size > 0) this.listeners.events([...this.#eventOrganizations])
    for (const effect of this.#after) await effect()
  }

  #refusalOf(error: unknown): RefusalError | undefined {
    const message = error instanceof Error ? error.message : ""
    const code = guardCode(message)
    if (code !== undefined && Object.hasOwn(errors, code)) {
      return new RefusalError(this.#guards.get(code as ErrorCode) ?? { code: code as ErrorCode })
    }
    const column = uniqueViolation(message)
    const refusal = column === undefined ? undefined : this.#conflicts.get(column)
    return refusal === undefined ? undefined : new RefusalError(refusal)
  }
}
