import type { Level, MovementReason, MovementType } from "../../src/domains/inventory/rules.ts"
import { applyToLevel } from "../../src/domains/inventory/rules.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import {
  type Id,
  type IdPrefix,
  type LinkId,
  type LocationId,
  mintId,
  newId,
  type OrderId,
  type OrderLineId,
  type OrganizationId,
  type ProductId,
} from "../../src/kernel/ids.ts"
import { withoutSecrets } from "../../src/kernel/secrets.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { ActorRef } from "../../src/platform/auth/actor.ts"
import type { Origin } from "../../src/platform/db/unit-of-work.ts"
import type { EventType } from "../../src/platform/events/define-event.ts"
import type { Outbox } from "../shared/outbox.ts"
import { appended, type ProjectedKind } from "./projections/index.ts"
import type { RoomNews } from "./room-news.ts"
import type { LedgerStore } from "./store/index.ts"

export type StockChange = {
  readonly productId: ProductId
  readonly locationId: LocationId
  readonly type: MovementType
  readonly quantityMilli: number
  readonly reason: MovementReason
  readonly orderId?: OrderId
  readonly orderLineId?: OrderLineId
}

/** One command's hands: it changes state, marks what D1 must hear of, and leaves the audit row and the events, all in one transaction. */
export class LedgerWork {
  readonly store: LedgerStore
  readonly now: Instant
  readonly actor: ActorRef
  readonly #outbox: Outbox<ProjectedKind>
  readonly #origin: Origin
  readonly #rooms: RoomNews
  #seq: number | undefined

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

  touch(kind: ProjectedKind, id: string): void {
    this.#outbox.touch(kind, id, this.seq)
  }

  /** The link's chat room must hear of it, before the command is answered if it can. */
  tellRoom(linkId: LinkId): void {
    this.#rooms.touch(linkId, this.seq)
  }

  /** INV-STK-4: writes a movement and its level, never one without the other. @throws when the level would go below zero: callers allocate first. */
  moveStock(change: StockChange): void {
    const { productId, locationId, quantityMilli } = change
    const level: Level = this.store.levels.find(productId, locationId) ?? { productId, locationId, onHandMilli: 0, seq: 0 }
    const next = applyToLevel(level.onHandMilli, quantityMilli)
    if (!next.ok) throw new Error(`INV-STK-1: ${productId} at ${locationId} would go below zero`)
    const id = this.mint("mov")
    this.store.levels.save({ ...level, onHandMilli: next.value, seq: this.seq })
    this.store.movements.insert({
      id,
      productId,
      locationId,
      type: change.type,
      quantityMilli,
      reason: change.reason,
      orderId: change.orderId ?? null,
      orderLineId: change.orderLineId ?? null,
      actorId: this.actor.id,
      actorName: this.actor.name,
      effectiveAt: this.now,
      recordedAt: this.now,
      seq: this.seq,
    })
    this.touch("movement", id)
    this.touch("level", `${productId} ${locationId}`)
    this.touch("stock", productId)
  }

  /** The audit row, in the organization of whoever acts. */
  audit(entry: { action: string; entity: string; entityId: string; before?: unknown; after?: unknown }): void {
    const json = (value: unknown) => (value === undefined ? null : withoutSecrets(value))
    this.#outbox.append(
      "audit_logs",
      appended.audit_logs.encode({
        orgId: this.actor.organizationId,
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
