import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import type { Cell, Movement, Transit } from "../../../src/domains/inventory/rules.ts"
import { receivedDataOf, type UnitEventData, unitEventDataOf, unitEventOf, unitEvents } from "../../../src/domains/units/events.ts"
import {
  type HandleUnit,
  isOnHand,
  type ReceivedUnit,
  type ReceiveUnits,
  type Unit,
  type UnitFact,
  type UnitVerb,
  unitMovesOf,
  unitVerbsFrom,
} from "../../../src/domains/units/rules.ts"
import type { LocationId, OrderId, UnitId } from "../../../src/kernel/ids.ts"
import { isOnStep } from "../../../src/kernel/quantity.ts"
import { err, ok, type Refusal, type Result, refuse } from "../../../src/kernel/result.ts"
import { oneUnit } from "../stock-book.ts"
import type { LedgerStore } from "../store/index.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, checkVersion, fault } from "./command.ts"
import { lotFor } from "./lots.ts"
import { costOf, newUnit, placeOf, productOf, transitPlace } from "./movements.ts"

type Received = { readonly id: UnitId; readonly units: readonly UnitFact[] }

export const unitFactOf = (store: LedgerStore, unit: Unit): UnitFact => ({
  ...unit,
  lotNumber: unit.lotId === "" ? null : (store.lots.find(unit.lotId)?.number ?? null),
})

// Receiving

/** All of them or none; what is received into one cell at one cost is one movement. */
function receiveUnits(work: LedgerWork, { items, form }: ReceiveUnits): Result<Received> {
  const taken = checkSerials(work.store, items, form)
  if (taken !== undefined) return err(taken)
  const receipts = new Map<string, { cell: Cell; unitCostMilli: number | undefined; units: Unit[] }>()
  const units: Unit[] = []
  for (const [index, item] of items.entries()) {
    const found = cellOf(work, item)
    if (!found.ok) return err(pointingFrom(form === "items" ? `/items/${index}` : "", found.error))
    const { cell, unitCostMilli } = found.value
    const unit = newUnit(work, item.serial, cell, null)
    units.push(unit)
    const key = [...Object.values(cell), unitCostMilli].join(" ")
    const receipt = receipts.get(key)
    if (receipt === undefined) receipts.set(key, { cell, unitCostMilli, units: [unit] })
    else receipt.units.push(unit)
  }
  const [first] = units
  if (first === undefined) return fault(form === "serials" ? "/serials" : "/items", "EMPTY", "Nothing came in.")
  for (const { cell, unitCostMilli, units: together } of receipts.values()) {
    const [single] = together
    work.stock.move({
      ...cell,
      type: "IN",
      quantityMilli: together.length * oneUnit,
      reason: "RECEIPT",
      ...(unitCostMilli === undefined ? {} : { unitCostMilli }),
      ...(together.length === 1 && single !== undefined ? { unitId: single.id } : {}),
    })
  }
  for (const unit of units) {
    work.store.units.save(unit)
    work.touch("unit", unit.id)
  }
  work.audit({
    action: "inventory.unit.receive",
    entity: "unit",
    entityId: first.id,
    after: {
      units: units.map(({ id, productId, serial, locationId }) => ({ id, serial, product_id: productId, warehouse_id: locationId })),
    },
  })
  work.emit(work.store.organization.id, unitEvents.received, receivedDataOf(units))
  return ok({ id: first.id, units: units.map((unit) => unitFactOf(work.store, unit)) })
}

/** INV-UNT-4: a serial is one unit's in its organization, whatever product it is of. */
function checkSerials(store: LedgerStore, items: readonly ReceivedUnit[], form: ReceiveUnits["form"]): Refusal | undefined {
  const pointerOf = { one: () => "/serial", items: (i: number) => `/items/${i}/serial`, serials: (i: number) => `/serials/${i}` }[form]
  const seen = new Set<string>()
  const taken = items.flatMap(({ serial }, index) => {
    const isTaken = seen.has(serial) || store.units.bySerial(serial) !== undefined
    seen.add(serial)
    return isTaken ? [{ serial, pointer: pointerOf(index) }] : []
  })
  if (taken.length === 0) return undefined
  return {
    code: "CONFLICT",
    detail: "Nothing was received: units with these serials exist already.",
    errors: taken.map(({ pointer, serial }) => ({ pointer, code: "TAKEN", message: `${serial} is another unit's serial.` })),
    extra: { serials: [...new Set(taken.map(({ serial }) => serial))] },
  }
}

const pointingFrom = (base: string, refusal: Refusal): Refusal =>
  refusal.errors === undefined ? refusal : { ...refusal, errors: refusal.errors.map((one) => ({ ...one, pointer: base + one.pointer })) }

/** Where a piece comes in, and at which cost; a lot that it brings is saved, since the next piece may be of it too. */
function cellOf(work: LedgerWork, item: ReceivedUnit): Result<{ readonly cell: Cell; readonly unitCostMilli: number | undefined }> {
  const found = productOf(work, { ...item, type: "IN" })
  if (!found.ok) return found
  const product = found.value
  // INV-UNT-5.
  if (!isOnStep(product.quantityStepMilli, oneUnit)) {
    const message = `${product.sku} is not counted by the piece: its quantity_step is no whole number.`
    return refuse("OFF_STEP", message, { errors: [{ pointer: "/product_id", code: "OFF_STEP", message }] })
  }
  const place = placeOf(work, "/warehouse_id", item.locationId, false)
  if (!place.ok) return place
  const cost = costOf(product, { type: "IN", ...(item.unitCost === undefined ? {} : { unitCost: item.unitCost }) })
  if (!cost.ok) return cost
  const lot = lotFor(work, product, { ...item, type: "IN" })
  if (!lot.ok) return lot
  lot.value.save()
  return ok({ cell: { productId: product.id, locationId: place.value.id, lotId: lot.value.lotId }, unitCostMilli: cost.value })
}

// Handling

/** INV-UNT-1: what a deed does to a unit that is in a state for it; INV-UNT-2: the movement comes with the state. */
type Deed = (work: LedgerWork, unit: Unit, input: HandleUnit) => Result<Unit>

const deeds: Readonly<Record<UnitVerb, Deed>> = {
  reserve(work, unit, { holdMs = 0, reason }) {
    const kept = whyKept(work, unit) ?? whyNotSold(work, unit)
    if (kept !== undefined) return err(kept)
    const reservedUntil = work.now + holdMs
    work.stock.reserve(unit, oneUnit, { unitId: unit.id }, reservedUntil)
    return ok(work.stock.saveUnit(unit, { status: "RESERVED", reservedUntil }, reason))
  },

  release(work, unit, { locationId, reason, mayRestore = false }) {
    if (unit.status === "RESERVED") {
      if (locationId !== undefined && locationId !== unit.locationId)
        return fault("/warehouse_id", "ELSEWHERE", "A reserved unit stays where it is; move it once it is released.")
      letGo(work, unit)
      return ok(work.stock.saveUnit(unit, { status: "AVAILABLE", reservedUntil: null }, reason))
    }
    if (!mayRestore) return refuse("FORBIDDEN", "Putting a unit that came back on sale needs the permission inventory.unit.handle.")
    const place = placeOf(work, "/warehouse_id", locationId ?? unit.locationId, false)
    if (!place.ok) return place
    const here = { ...unit, locationId: place.value.id }
    // Of the order that it went out with: a recall must not look for it there.
    step(work, here, "IN", "UNIT_RESTORED", unit.orderId === null ? {} : { orderId: unit.orderId })
    return ok(work.stock.saveUnit(here, { status: "AVAILABLE", orderId: null, orderLineId: null }, reason))
  },

  sell(work, unit, { reason }) {
    letGo(work, unit)
    const kept = whyKept(work, unit) ?? whyNotSold(work, unit)
    if (kept !== undefined) return err(kept)
    step(work, unit, "OUT", "UNIT_SOLD")
    return ok(work.stock.saveUnit(unit, { status: "SOLD", reservedUntil: null }, reason))
  },

  move: (work, unit, input) => (unit.status === "IN_TRANSIT" ? land(work, unit, input) : send(work, unit, input)),

  damage(work, unit, { reason }) {
    letGo(work, unit)
    if (isOnHand(unit.status)) {
      const kept = whyKept(work, unit)
      if (kept !== undefined) return err(kept)
      const transit = unit.status === "IN_TRANSIT" ? transitOf(work, unit) : undefined
      step(work, unit, "OUT", "UNIT_DAMAGED", transit === undefined ? {} : { receives: transit.movementId })
      if (transit !== undefined) work.stock.arrive(transit, oneUnit)
    }
    return ok(work.stock.saveUnit(unit, { status: "DAMAGED", reservedUntil: null }, reason))
  },

  return(work, unit, { locationId, reason }) {
    // INV-UNT-6: until then the order itself may be cancelled, which gives back all that it took.
    const order = unit.orderId === null ? undefined : work.store.orders.find(unit.orderId)
    if (order !== undefined && order.status !== "COMPLETED")
      return refuse(
        "CONFLICT",
        `Order ${order.number} is ${order.status}: what it took comes back when it is cancelled, or once it is COMPLETED.`,
      )
    if (locationId === undefined) return ok(work.stock.saveUnit(unit, { status: "RMA" }, reason))
    const place = placeOf(work, "/warehouse_id", locationId, false)
    return place.ok ? ok(work.stock.saveUnit(unit, { status: "RMA", locationId: place.value.id }, reason)) : place
  },
}

function handleUnit(work: LedgerWork, input: HandleUnit, ifMatch: number | undefined): Result<UnitFact> {
  const { store } = work
  const before = store.units.find(input.unitId)
  if (before === undefined) return refuse("NOT_FOUND", "There is no such unit.")
  const stale = checkVersion("unit", before, ifMatch)
  if (stale !== undefined) return stale
  if (!unitVerbsFrom[input.verb].includes(before.status)) {
    const [current, allowed] = [before.status, unitMovesOf(before.status)]
    return refuse("INVALID_TRANSITION", `A unit that is ${current} does not allow the step '${input.verb}'.`, { current, allowed })
  }
  const done = deeds[input.verb](work, before, input)
  if (!done.ok) return done
  const after = done.value
  const product = store.products.find(after.productId)
  work.audit({
    action: `inventory.unit.${input.verb}`,
    entity: "unit",
    entityId: after.id,
    before: said(before, product),
    after: { ...said(after, product), reason: input.reason },
  })
  work.emit(store.organization.id, unitEventOf[input.verb], unitEventDataOf(after, product))
  return ok(unitFactOf(store, after))
}

/** As the audit log tells of it. */
function said(unit: Unit, product: ProductFacts | undefined): Omit<UnitEventData, "from" | "reason"> {
  const { from: _from, reason: _reason, ...state } = unitEventDataOf(unit, product)
  return state
}

/** Ends what keeps the unit for somebody; which state it goes to, the deed says. */
function letGo(work: LedgerWork, unit: Unit): void {
  const reservation = work.store.reservations.ofUnit(unit.id)
  if (reservation !== undefined) work.stock.release(reservation)
}

/** INV-UNT-3: a unit does not leave its place while orders were promised all that lies there, nor is it promised once more. */
const whyKept = (work: LedgerWork, unit: Unit): Refusal | undefined =>
  work.stock.freeOf(unit) >= oneUnit
    ? undefined
    : { code: "STOCK_INSUFFICIENT", detail: "All that is left at its place is promised to orders." }

/** INV-LOT-2, for a unit. */
function whyNotSold(work: LedgerWork, { productId, locationId, lotId }: Unit): Refusal | undefined {
  const isForSale = work.stock.forSale(productId).some((cell) => cell.locationId === locationId && cell.lotId === lotId)
  return isForSale
    ? undefined
    : { code: "CONFLICT", detail: "Its lot is held, recalled or out of date, or its place is none that is sold from." }
}

/** One piece in or out of its cell. */
function step(
  work: LedgerWork,
  { productId, locationId, lotId, id }: Unit,
  type: "IN" | "OUT",
  reason: "UNIT_RESTORED" | "UNIT_SOLD" | "UNIT_DAMAGED",
  more: { readonly receives?: Transit["movementId"]; readonly orderId?: OrderId } = {},
): void {
  const quantityMilli = type === "IN" ? oneUnit : -oneUnit
  work.stock.move({ productId, locationId, lotId, unitId: id, type, reason, quantityMilli, ...more })
}

function transitOf(work: LedgerWork, unit: Unit): Transit {
  const transit = work.store.movements.transitOf(unit)
  if (transit === undefined) throw new Error(`INV-UNT-2: ${unit.id} is on its way by no transfer`)
  return transit
}

/** To another place, at once or by way of what is neither. */
function send(work: LedgerWork, unit: Unit, { locationId, viaTransit = false, reason }: HandleUnit): Result<Unit> {
  if (locationId === undefined) return fault("/to_warehouse_id", "REQUIRED", "Say where it goes.")
  const target = placeOf(work, "/to_warehouse_id", locationId, false)
  if (!target.ok) return target
  if (target.value.id === unit.locationId) return fault("/to_warehouse_id", "SAME", "The unit is there already.")
  const kept = whyKept(work, unit)
  if (kept !== undefined) return err(kept)
  const to = viaTransit ? transitPlace(work).id : target.value.id
  const movement = transfer(work, unit, to)
  if (!viaTransit) return ok(work.stock.saveUnit(unit, { status: "AVAILABLE", locationId: to }, reason))
  work.stock.send(movement, target.value.id, oneUnit)
  return ok(work.stock.saveUnit(unit, { status: "IN_TRANSIT", locationId: to }, reason))
}

/** At the place that it was sent to, unless another is named. */
function land(work: LedgerWork, unit: Unit, { locationId, viaTransit = false, reason }: HandleUnit): Result<Unit> {
  if (viaTransit) return fault("/via_transit", "IN_TRANSIT", "The unit is on its way already: name where it arrived, or nothing.")
  const transit = transitOf(work, unit)
  const target = placeOf(work, "/to_warehouse_id", locationId ?? transit.toLocationId, false)
  if (!target.ok) return target
  transfer(work, unit, target.value.id, transit)
  work.stock.arrive(transit, oneUnit)
  return ok(work.stock.saveUnit(unit, { status: "AVAILABLE", locationId: target.value.id }, reason))
}

const transfer = (work: LedgerWork, { productId, locationId, lotId, id }: Unit, toLocationId: LocationId, ended?: Transit): Movement =>
  work.stock.move({
    productId,
    locationId,
    lotId,
    toLocationId,
    unitId: id,
    type: "TRANSFER",
    quantityMilli: -oneUnit,
    reason: "TRANSFER",
    ...(ended === undefined ? {} : { receives: ended.movementId }),
  })

export const unitCommands = {
  receiveUnits: { by: "owner", run: receiveUnits },
  handleUnit: { by: "owner", run: handleUnit },
} as const satisfies Record<string, Command>
