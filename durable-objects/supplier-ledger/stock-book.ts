import { lowStockDataOf, stockEvents } from "../../src/domains/inventory/events.ts"
import {
  type Allocation,
  applyToLevel,
  averageCost,
  type Cell,
  type Movement,
  type MovementReason,
  type MovementType,
  type Reservation,
  type Transit,
} from "../../src/domains/inventory/rules.ts"
import { inOrderOfSale, type SaleCell } from "../../src/domains/lots/rules.ts"
import type { Unit, UnitStatus } from "../../src/domains/units/rules.ts"
import type { Holding } from "../../src/domains/warehouses/rules.ts"
import type { LocationId, MovementId, OrderId, OrderLineId, ProductId, UnitId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Milli } from "../../src/kernel/quantity.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { LedgerWork } from "./work.ts"

/** A change of stock, whole: `quantityMilli` is what it does at its cell, and a transfer does the opposite at `toLocationId`. */
type StockChange = Cell & {
  readonly type: MovementType
  readonly quantityMilli: Milli
  readonly reason: MovementReason
  readonly toLocationId?: LocationId
  readonly orderId?: OrderId
  readonly orderLineId?: OrderLineId
  readonly unitId?: UnitId
  readonly unitCostMilli?: number
  readonly reference?: string
  readonly corrects?: MovementId
  readonly receives?: MovementId
  readonly effectiveAt?: Instant
}

/** One piece's worth, since serialized units are whole. */
export const oneUnit: Milli = 1_000

/** What a command does to stock: every movement with its levels, every reservation with the level that it changes. */
export class StockBook {
  readonly #work: LedgerWork
  readonly #changed = new Map<ProductId, Set<LocationId>>()
  #dueAt: Instant | undefined

  constructor(work: LedgerWork) {
    this.#work = work
  }

  /** When the first of what this command promised or received runs out. */
  get dueAt(): Instant | undefined {
    return this.#dueAt
  }

  lapsesAt(at: Instant): void {
    this.#dueAt = Math.min(at, this.#dueAt ?? at)
  }

  /** A product's cells in the order that orders are filled from them. */
  forSale(productId: ProductId, shelfDaysMin = 0): SaleCell[] {
    const { store, today } = this.#work
    return inOrderOfSale(store.levels.forSale(productId), today, shelfDaysMin)
  }

  freeOf(cell: Cell): Milli {
    const { levels } = this.#work.store
    return (levels.find(cell)?.onHandMilli ?? 0) - levels.reservedOf(cell)
  }

  /** What of a cell is free and is no serialized unit: pieces of their own move as units. */
  freeLooseOf(cell: Cell): Milli {
    return Math.min(this.freeOf(cell), this.#looseOf(cell))
  }

  /** INV-STK-4: writes a movement and its levels, never one without the other. @throws when a level would go below what is reserved: callers look first. */
  move(change: StockChange): Movement {
    const { store, now, actor, seq } = this.#work
    const { productId, locationId, lotId, quantityMilli, toLocationId } = change
    const id = this.#work.mint("mov")
    if (change.type === "IN") this.#reopen(locationId)
    if (change.type === "IN" && change.unitCostMilli !== undefined) this.#receive(productId, quantityMilli, change.unitCostMilli)
    this.#apply({ productId, locationId, lotId }, quantityMilli)
    if (toLocationId !== undefined) this.#apply({ productId, locationId: toLocationId, lotId }, -quantityMilli)
    const movement: Movement = {
      id,
      productId,
      locationId,
      toLocationId: toLocationId ?? null,
      lotId,
      type: change.type,
      quantityMilli,
      reason: change.reason,
      orderId: change.orderId ?? null,
      orderLineId: change.orderLineId ?? null,
      unitId: change.unitId ?? null,
      unitCostMilli: change.unitCostMilli ?? null,
      currency: change.unitCostMilli === undefined ? null : (store.products.find(productId)?.currency ?? null),
      reference: change.reference ?? null,
      corrects: change.corrects ?? null,
      receives: change.receives ?? null,
      actorId: actor.id,
      actorName: actor.name,
      effectiveAt: change.effectiveAt ?? now,
      recordedAt: now,
      seq,
    }
    store.movements.insert(movement)
    this.#work.touch("movement", id)
    return movement
  }

  /** Promises some of a cell. @throws when less is free: callers look first. */
  reserve(
    cell: Cell,
    quantityMilli: Milli,
    whom: { readonly orderId?: OrderId; readonly orderLineId?: OrderLineId; readonly unitId?: UnitId },
    expiresAt: Instant,
  ): Reservation {
    if (this.freeOf(cell) < quantityMilli) throw new Error(`INV-STK-5: more of ${cell.productId} would be reserved than there is`)
    const { productId, locationId, lotId } = cell
    const reservation: Reservation = {
      id: this.#work.mint("rsv"),
      productId,
      locationId,
      lotId,
      quantityMilli,
      orderId: whom.orderId ?? null,
      orderLineId: whom.orderLineId ?? null,
      unitId: whom.unitId ?? null,
      expiresAt,
      seq: this.#work.seq,
    }
    this.#work.store.reservations.insert(reservation)
    this.lapsesAt(expiresAt)
    this.restamp(cell)
    return reservation
  }

  release(reservation: Reservation): void {
    this.#work.store.reservations.delete(reservation.id)
    this.restamp(reservation)
  }

  /** Ends what was promised before its time or at it; a unit that was promised is free again. @returns that unit. */
  endReservation(reservation: Reservation, reason: string): Unit | undefined {
    this.release(reservation)
    const unit = reservation.unitId === null ? undefined : this.#work.store.units.find(reservation.unitId)
    return unit?.status === "RESERVED" ? this.saveUnit(unit, { status: "AVAILABLE", reservedUntil: null }, reason) : undefined
  }

  releaseOrder(orderId: OrderId): void {
    for (const reservation of this.#work.store.reservations.ofOrder(orderId)) this.release(reservation)
  }

  /** A cell of which something changed that its row says, but not what is on hand: what is reserved, on its way, or its lot's state. */
  restamp({ productId, locationId, lotId }: Cell): void {
    const { store, seq } = this.#work
    const level = store.levels.find({ productId, locationId, lotId })
    store.levels.save({ productId, locationId, lotId, onHandMilli: level?.onHandMilli ?? 0, seq })
    this.#note(productId, locationId, lotId)
  }

  /** What a movement sent to a place and did not take there yet. */
  send({ id, productId, lotId }: Movement, toLocationId: LocationId, quantityMilli: Milli): void {
    this.#work.store.movements.send(id, productId, lotId, toLocationId, quantityMilli)
    this.#hold(toLocationId, { onHandMilli: 0, incomingMilli: quantityMilli })
    this.restamp({ productId, locationId: toLocationId, lotId })
  }

  /** So much of what was on its way arrived there, elsewhere, or never. */
  arrive(transit: Transit, quantityMilli: Milli): void {
    const { productId, toLocationId, lotId } = transit
    this.#work.store.movements.saveTransit({ ...transit, leftMilli: transit.leftMilli - quantityMilli }, this.#work.seq)
    this.#work.touch("movement", transit.movementId)
    this.#hold(toLocationId, { onHandMilli: 0, incomingMilli: -quantityMilli })
    this.restamp({ productId, locationId: toLocationId, lotId })
  }

  /** INV-STK-6: takes what an order was given, and with it the very units where a cell's stock is in units. */
  take(orderId: OrderId, taken: readonly Allocation[]): void {
    for (const { lineId, productId, locationId, lotId, quantityMilli } of merged(taken)) {
      const cell = { productId, locationId, lotId }
      const pieces = Math.ceil(Math.max(0, quantityMilli - this.#looseOf(cell)) / oneUnit)
      const sold = pieces === 0 ? [] : this.#work.store.units.available(cell, pieces)
      if (sold.length < pieces) throw new Error(`INV-UNT-3: ${productId} has fewer free units than it has free stock`)
      this.move({ ...cell, type: "OUT", quantityMilli: -quantityMilli, reason: "ORDER_ACCEPTED", orderId, orderLineId: lineId })
      for (const unit of sold) this.saveUnit(unit, { status: "SOLD", orderId, orderLineId: lineId }, "ORDER_ACCEPTED")
    }
  }

  /** INV-STK-3: what goes back is read from the journal, so it is exactly what went out, and to where it came from, unit by unit. */
  giveBack(orderId: OrderId): void {
    const { movements, units } = this.#work.store
    for (const { productId, locationId, lotId, quantityMilli, orderLineId, reason } of movements.ofOrder(orderId)) {
      if (reason !== "ORDER_ACCEPTED" || orderLineId === null) continue
      this.move({
        productId,
        locationId,
        lotId,
        type: "IN",
        quantityMilli: -quantityMilli,
        reason: "ORDER_CANCELLED",
        orderId,
        orderLineId,
      })
    }
    for (const unit of units.ofOrder(orderId)) {
      if (unit.status === "SOLD") this.saveUnit(unit, { status: "AVAILABLE", orderId: null, orderLineId: null }, "ORDER_CANCELLED")
    }
  }

  /** A unit in its next state, with a line of its history. */
  saveUnit(
    unit: Unit,
    change: Partial<Pick<Unit, "locationId" | "orderId" | "orderLineId" | "reservedUntil">> & { readonly status: UnitStatus },
    reason: string | null,
  ): Unit {
    const { now, actor, store } = this.#work
    const next: Unit = {
      ...unit,
      ...change,
      ...this.#work.revise(unit),
      history: [
        ...unit.history,
        {
          from: unit.status,
          to: change.status,
          at: now,
          locationId: change.locationId ?? unit.locationId,
          by: { id: actor.id, name: actor.name },
          reason,
        },
      ].slice(-limits.unitHistoryMax),
    }
    store.units.save(next)
    this.#work.touch("unit", unit.id)
    return next
  }

  /** What a bundle is made of changed, and with it how many there are. */
  reshape(bundleId: ProductId): void {
    this.#work.touch("stock", bundleId)
    if (!this.#changed.has(bundleId)) this.#changed.set(bundleId, new Set())
  }

  /**
   * INV-BDL-7: the bundles that a changed product is in have other stock too. INV-STK-7: says once that stock fell under its
   * minimum; the next word on it comes after it has been above.
   */
  settle(): void {
    const { store } = this.#work
    const changed = Array.from(this.#changed.keys())
    for (const productId of changed) {
      for (const bundleId of store.components.above(productId, limits.bundleParentsMax)) this.reshape(bundleId)
    }
    for (const [productId, locationIds] of this.#changed) {
      for (const minimum of store.minimums.ofProduct(productId)) {
        if (minimum.locationId === "" || locationIds.has(minimum.locationId)) this.#watch(productId, minimum.locationId)
      }
    }
    this.#changed.clear()
  }

  /** States a minimum; whether stock is under it is looked at when the command ends. */
  setMinimum(productId: ProductId, locationId: LocationId | "", minMilli: Milli): void {
    const { store, seq } = this.#work
    const known = store.minimums.find(productId, locationId)
    if ((known?.minMilli ?? 0) === minMilli) return
    store.minimums.save({
      productId,
      locationId,
      minMilli,
      isLow: known?.isLow ?? false,
      lowSince: known?.lowSince ?? null,
      seq,
    })
    this.#work.touch("minimum", `${productId} ${locationId}`)
    const places = this.#changed.get(productId) ?? new Set<LocationId>()
    if (locationId !== "") places.add(locationId)
    this.#changed.set(productId, places)
  }

  #watch(productId: ProductId, locationId: LocationId | ""): void {
    const { store, now, seq } = this.#work
    const minimum = store.minimums.find(productId, locationId)
    const product = store.products.find(productId)
    if (minimum === undefined || product === undefined) return
    const onHandMilli = locationId === "" ? product.stockMilli : store.levels.onHandAt(productId, locationId)
    const isLow = product.archivedAt === null && onHandMilli < minimum.minMilli
    if (isLow === minimum.isLow) return
    store.minimums.save({ ...minimum, isLow, lowSince: isLow ? now : null, seq })
    this.#work.touch("minimum", `${productId} ${locationId}`)
    if (!isLow) return
    const place = locationId === "" ? undefined : store.locations.find(locationId)
    this.#work.emit(store.organization.id, stockEvents.low, lowStockDataOf(product, place, onHandMilli, minimum.minMilli))
  }

  /** INV-WHS-6: what goes back to where it came from finds that place open, though it was archived since. */
  #reopen(locationId: LocationId): void {
    const { store } = this.#work
    const place = store.locations.find(locationId)
    if (place === undefined || place.archivedAt === null) return
    store.locations.save({ ...place, archivedAt: null, ...this.#work.revise(place) })
    this.#work.touch("location", locationId)
  }

  #receive(productId: ProductId, quantityMilli: Milli, unitCostMilli: number): void {
    const { costs, levels, products } = this.#work.store
    const product = products.find(productId)
    if (product === undefined) return
    const known = costs.find(productId)
    // What was counted in another currency is not part of this average.
    const averageMilli = known?.currency === product.currency ? known.averageMilli : null
    costs.save({
      productId,
      currency: product.currency,
      averageMilli: averageCost({ onHandMilli: levels.totalOf(productId).stockMilli, averageMilli }, { quantityMilli, unitCostMilli }),
    })
  }

  /** What a cell has on hand that is no serialized unit. */
  #looseOf(cell: Cell): Milli {
    const { levels, units } = this.#work.store
    return Math.max(0, (levels.find(cell)?.onHandMilli ?? 0) - units.onHandIn(cell) * oneUnit)
  }

  #apply(cell: Cell, delta: Milli): void {
    const { levels } = this.#work.store
    const level = levels.find(cell)
    const next = applyToLevel(level?.onHandMilli ?? 0, delta)
    if (!next.ok || (delta < 0 && next.value < levels.reservedOf(cell)))
      throw new Error(`INV-STK-1: ${cell.productId} at ${cell.locationId} would go below what is there or reserved`)
    levels.save({ ...cell, onHandMilli: next.value, seq: this.#work.seq })
    this.#hold(cell.locationId, { onHandMilli: delta, incomingMilli: 0 })
    this.#note(cell.productId, cell.locationId, cell.lotId)
  }

  /** INV-WHS-8: what a place holds and expects changes with its cells and with what is on its way to it, and by nothing else. */
  #hold(locationId: LocationId, change: Holding): void {
    this.#work.store.holdings.add(locationId, change, this.#work.seq)
    this.#work.touch("holding", locationId)
  }

  #note(productId: ProductId, locationId: LocationId, lotId: string): void {
    this.#work.touch("level", `${productId} ${locationId} ${lotId}`)
    this.#work.touch("stock", productId)
    const places = this.#changed.get(productId) ?? new Set<LocationId>()
    places.add(locationId)
    this.#changed.set(productId, places)
  }
}

/** One movement a line and cell: two ways to the same component of a kit are one. */
function merged(taken: readonly Allocation[]): Allocation[] {
  const sums = new Map<string, Allocation>()
  for (const one of taken) {
    const key = `${one.lineId} ${one.productId} ${one.locationId} ${one.lotId}`
    const known = sums.get(key)
    sums.set(key, known === undefined ? one : { ...known, quantityMilli: known.quantityMilli + one.quantityMilli })
  }
  return [...sums.values()]
}
