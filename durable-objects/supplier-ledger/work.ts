import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import { type Id, type IdPrefix, type LinkId, mintId, newId, type OrganizationId, platformOrganizationId } from "../../src/kernel/ids.ts"
import { withoutSecrets } from "../../src/kernel/secrets.ts"
import type { Instant } from "../../src/kernel/time.ts"
import { dateIn } from "../../src/kernel/zoned-time.ts"
import type { ActorRef } from "../../src/platform/auth/actor.ts"
import type { Origin } from "../../src/platform/db/unit-of-work.ts"
import type { EventType } from "../../src/platform/events/define-event.ts"
import type { Outbox } from "../shared/outbox.ts"
import { appended, type ProjectedKind } from "./projections/index.ts"
import type { RoomNews } from "./room-news.ts"
import { StockBook } from "./stock-book.ts"
import type { LedgerStore } from "./store/index.ts"

/** One command's hands: it changes state, marks what D1 must hear of, and leaves the audit row and the events, all in one transaction. */
export class LedgerWork {
  readonly store: LedgerStore
  readonly now: Instant
  readonly actor: ActorRef
  readonly #outbox: Outbox<ProjectedKind>
  readonly #origin: Origin
  readonly #rooms: RoomNews
  readonly stock: StockBook
  #seq: number | undefined
  #today: string | undefined

  constructor(ports: {
    store: LedgerStore
    outbox: Outbox<ProjectedKind>
    rooms: RoomNews
    now: Instant
    actor: ActorRef
    origin: Origin
  }) {
    this.store = ports.store
    this.#outbox = ports.outbox
    this.now = ports.now
    this.actor = ports.actor
    this.#origin = ports.origin
    this.#rooms = ports.rooms
    this.stock = new StockBook(this)
  }

  /** The day it is where the supplier is. */
  get today(): string {
    this.#today ??= dateIn(this.now, this.store.organization.settings.time_zone)
    return this.#today
  }

  /** What is to be done once, when all else has been. */
  finish(): void {
    this.stock.settle()
  }

  /** The change's place in the order of all changes of this ledger; taken when the first row is written. */
  get seq(): number {
    this.#seq ??= this.store.next("seq")
    return this.#seq
  }

  /** An id that carries the ledger's routing number and sorts by when it was minted, also within a millisecond. */
  mint<P extends IdPrefix>(prefix: P): Id<P> {
    return mintId(prefix, {
      at: this.now,
      random: crypto.getRandomValues(new Uint8Array(10)),
      routing: this.store.organization.routing,
      sequence: this.store.nextMint(),
    })
  }

  /** Time, version and seq as every change of a thing moves them on: spread into what is saved. */
  revise({ version }: { readonly version: number }) {
    return { updatedAt: this.now, version: version + 1, seq: this.seq }
  }

  touch(kind: ProjectedKind, id: string): void {
    this.#outbox.touch(kind, id, this.seq)
  }

  /** The link's chat room must hear of it, before the command is answered if it can. */
  tellRoom(linkId: LinkId): void {
    this.#rooms.touch(linkId, this.seq)
  }

  /** The audit row, in the organization of whoever acts; of what the ledger does by itself, in its owner's. */
  audit(entry: { action: string; entity: string; entityId: string; before?: unknown; after?: unknown }): void {
    const json = (value: unknown) => (value === undefined ? null : withoutSecrets(value))
    this.#outbox.append(
      "audit_logs",
      appended.audit_logs.encode({
        orgId:
          this.actor.kind === "SYSTEM" && this.actor.organizationId === platformOrganizationId
            ? this.store.organization.id
            : this.actor.organizationId,
        id: newId("aud", this.now),
        actorKind: this.actor.kind,
        actorId: this.actor.id,
        actorName: this.actor.name,
        action: entry.action,
        entity: entry.entity,
        entityId: entry.entityId,
        before: json(entry.before),
        after: json(entry.after),
        ipAddress: this.#origin.ipAddress,
        userAgent: this.#origin.userAgent,
        at: this.now,
      }),
    )
  }

  /** An event for one organization, in that side's schema. */
  emit<T>(orgId: OrganizationId, type: EventType<T>, data: T): void {
    this.#outbox.append(
      "events",
      appended.events.encode({
        orgId,
        id: newId("evt", this.now),
        type: type.name,
        permission: type.permission,
        data: type.schema.parse(data),
        at: this.now,
        actorId: this.actor.id,
      }),
    )
  }

  /** A state's next history entry. */
  step(from: OrderFacts["status"] | null, to: OrderFacts["status"], reason: string | null): OrderFacts["history"][number] {
    const { id, name, organizationId } = this.actor
    return { from, to, at: this.now, by: { id, name, organizationId }, reason }
  }
}
