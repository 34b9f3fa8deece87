import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import { movementsDataOf, stockEvents } from "../../../src/domains/inventory/events.ts"
import {
  type Cell,
  type LotKey,
  type Movement,
  type MovementType,
  type ShownMovement,
  type StatedReason,
  statedReasons,
  type Transit,
} from "../../../src/domains/inventory/rules.ts"
import type { Unit } from "../../../src/domains/units/rules.ts"
import { isTransit, type Location, transitCode } from "../../../src/domains/warehouses/rules.ts"
import type { LocationId, MovementId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { minorDigits, parseDecimal } from "../../../src/kernel/money.ts"
import { unpack } from "../../../src/kernel/pack.ts"
import { isOnStep, type Milli, quantityNumber } from "../../../src/kernel/quantity.ts"
import { err, type InputFault, ok, type Refusal, type Result, refuse } from "../../../src/kernel/result.ts"
import { type Instant, minute } from "../../../src/kernel/time.ts"
import { shownMovement } from "../projections/stock.ts"
import { oneUnit } from "../stock-book.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, fault } from "./command.ts"
import { type LotGiven, lotFor } from "./lots.ts"
import { newPlace } from "./places.ts"

/** A movement as people state it: positive, but for an ADJUSTMENT, whose sign says whether there is more or less. */
export type MovementInput = LotGiven & {
  readonly type: MovementType
  /** Named by its id, by its GTIN, or by both where a label is read. */
  readonly productId?: ProductId
  readonly gtin?: string
  readonly quantityMilli: Milli
  /** Of one piece that comes in and is told apart from now on. */
  readonly serial?: string
  /** One of the product's packs, which the quantity then counts; the product's own unit unless said. */
  readonly unit?: string
  readonly locationId?: LocationId
  readonly toLocationId?: LocationId
  /** The goods are on their way for a while: they are at neither place until somebody `receives` them. */
  readonly viaTransit?: boolean
  /** Of a receipt, for one of the product's unit, as written; up to three places more than the currency has. */
  readonly unitCost?: string | number
  readonly reason?: StatedReason
  readonly reference?: string
  readonly corrects?: MovementId
  readonly receives?: MovementId
  readonly effectiveAt?: Instant
}

/** The same, its product known. */
type Stated = MovementInput & { readonly productId: ProductId }

export type RecordMovements = {
  readonly items: readonly MovementInput[]
  /** Whether one bad row refuses all, or is left out and named. */
  readonly onError: "reject_all" | "reject_failed"
}

type Recorded = {
  readonly id: MovementId | ""
  readonly movements: readonly ShownMovement[]
  readonly failed: ReadonlyArray<{ readonly index: number; readonly refusal: Refusal }>
}

/** Each row is decided on what those before it left; a row that is refused leaves nothing (INV-STK-9). */
function recordMovements(work: LedgerWork, { items, onError }: RecordMovements): Result<Recorded> {
  const movements: Movement[] = []
  const failed: Array<{ index: number; refusal: Refusal }> = []
  items.forEach((item, index) => {
    const made = recordOne(work, item)
    if (made.ok) movements.push(made.value)
    else failed.push({ index, refusal: made.error })
  })
  const [first] = failed
  if (first !== undefined && (onError === "reject_all" || movements.length === 0)) return err(together(items.length, failed, first.refusal))
  const [{ id }] = movements as [Movement]
  work.audit({
    action: "inventory.movement.record",
    entity: "movement",
    entityId: id,
    after: { movements: movements.map(said), refused: failed.length },
  })
  work.emit(work.store.organization.id, stockEvents.moved, movementsDataOf(movements))
  return ok({ id, movements: movements.map((movement) => shownMovement(work.store, movement)), failed })
}

/** One refusal for a batch: which rows, and why. A single row keeps its own. */
function together(count: number, failed: Recorded["failed"], first: Refusal): Refusal {
  if (count === 1) return first
  const codes = new Set(failed.map(({ refusal }) => refusal.code))
  return {
    code: codes.size === 1 ? first.code : "VALIDATION_FAILED",
    detail: "Nothing was recorded.",
    errors: failed.flatMap(({ index, refusal }): InputFault[] =>
      (refusal.errors ?? [{ pointer: "", code: refusal.code, message: refusal.detail ?? refusal.code }]).map((one) => ({
        ...one,
        pointer: `/items/${index}${one.pointer}`,
      })),
    ),
  }
}

function recordOne(work: LedgerWork, { unit: pack, ...given }: MovementInput): Result<Movement> {
  const { store } = work
  const found = productOf(work, given)
  if (!found.ok) return found
  const product = found.value
  const unpacked = unpack(product, given.quantityMilli, pack)
  if (!unpacked.ok) {
    const { refusal, ...wrong } = unpacked.error
    return err({ code: refusal, errors: [wrong] })
  }
  const input: Stated = { ...given, productId: product.id, quantityMilli: unpacked.value }
  const quantity = checkQuantity(product, input)
  if (quantity !== undefined) return err(quantity)
  if (input.reason !== undefined && !(statedReasons[input.type] as readonly string[]).includes(input.reason))
    return fault(
      "/reason",
      "NOT_FOR_TYPE",
      `A movement of type ${input.type} has one of these reasons: ${statedReasons[input.type].join(", ")}.`,
    )
  if (input.effectiveAt !== undefined && input.effectiveAt > work.now + 5 * minute)
    return fault("/effective_at", "IN_THE_FUTURE", "What has not happened yet cannot be recorded.")

  const arriving = input.receives === undefined ? undefined : arrivalOf(work, input, input.receives)
  if (arriving?.ok === false) return arriving
  const place = arriving === undefined ? placeOf(work, "/warehouse_id", input.locationId, isLeaving(input)) : ok(arriving.value.from)
  if (!place.ok) return place
  const target = targetOf(work, input, place.value, arriving?.value.transit)
  if (!target.ok) return target
  const unitCostMilli = costOf(product, input)
  if (!unitCostMilli.ok) return unitCostMilli
  const lot = arriving === undefined ? lotFor(work, product, input) : ok({ lotId: arriving.value.transit.lotId, save: () => undefined })
  if (!lot.ok) return lot
  const { lotId } = lot.value
  const corrected = input.corrects === undefined ? undefined : checkCorrection(work, input, input.corrects, place.value.id, lotId)
  if (corrected !== undefined) return err(corrected)

  const serial = checkSerial(work, product, input)
  if (serial !== undefined) return err(serial)

  const cell = { productId: product.id, locationId: place.value.id, lotId }
  const change = input.type === "IN" || input.type === "ADJUSTMENT" ? input.quantityMilli : -input.quantityMilli
  if (product.stockMilli + change > limits.quantityMilliMax)
    return fault("/quantity", "TOO_LARGE", "More than a billion units of one product are not counted.")
  if (change < 0 && work.stock.freeLooseOf(cell) < -change) return short(work, product, cell.locationId, lotId, -change)

  lot.value.save()
  const transitTo = input.viaTransit === true ? target.value : undefined
  const to = transitTo === undefined ? target.value : transitPlace(work)
  const unit = input.serial === undefined ? undefined : newUnit(work, input.serial, cell, input.reason ?? statedReasons[input.type][0])
  const movement = work.stock.move({
    ...cell,
    ...(unit === undefined ? {} : { unitId: unit.id }),
    type: input.type,
    quantityMilli: change,
    reason: input.reason ?? statedReasons[input.type][0],
    ...(to === undefined ? {} : { toLocationId: to.id }),
    ...(unitCostMilli.value === undefined ? {} : { unitCostMilli: unitCostMilli.value }),
    ...(input.reference === undefined ? {} : { reference: input.reference }),
    ...(input.corrects === undefined ? {} : { corrects: input.corrects }),
    ...(input.receives === undefined ? {} : { receives: input.receives }),
    ...(input.effectiveAt === undefined ? {} : { effectiveAt: input.effectiveAt }),
  })
  if (unit !== undefined) {
    store.units.save(unit)
    work.touch("unit", unit.id)
  }
  if (transitTo !== undefined) work.stock.send(movement, transitTo.id, input.quantityMilli)
  if (arriving !== undefined) work.stock.arrive(arriving.value.transit, input.quantityMilli)
  return ok(movement)
}

/** The product that goods are of, named by its id, by its GTIN, or by both. What is archived is not taken in. */
export function productOf(
  work: LedgerWork,
  { type, productId, gtin }: Pick<MovementInput, "type" | "productId" | "gtin">,
): Result<ProductFacts> {
  const { products } = work.store
  const labelled = gtin === undefined ? undefined : products.byGtin(gtin)
  const product = productId === undefined ? labelled : products.find(productId)
  if (product === undefined || (product.archivedAt !== null && type === "IN")) {
    return productId === undefined && gtin !== undefined
      ? fault("/gtin", "UNKNOWN_PRODUCT", `No product has the GTIN ${gtin}.`)
      : fault("/product_id", "UNKNOWN_PRODUCT", "There is no such product.")
  }
  const isAnothers = labelled === undefined ? product.gtin !== null && gtin !== undefined : labelled.id !== product.id
  return isAnothers ? fault("/gtin", "DIFFERS", `${product.sku} has another GTIN.`) : ok(product)
}

/** INV-STK-12: a serial makes a unit of what comes in; from then on it moves, is sold and is put right as that unit. */
function checkSerial(work: LedgerWork, product: ProductFacts, { type, serial, quantityMilli, corrects }: Stated): Refusal | undefined {
  if (serial === undefined) return undefined
  const refused = (pointer: string, code: string, message: string): Refusal => ({
    code: "VALIDATION_FAILED",
    errors: [{ pointer, code, message }],
  })
  if (type !== "IN" || corrects !== undefined)
    return refused("/serial", "IS_A_UNIT", "What has a serial is a unit: once it is here, it moves as one of /inventory/items.")
  if (quantityMilli !== oneUnit) return refused("/quantity", "NOT_ONE", "A serial is of one piece.")
  if (!isOnStep(product.quantityStepMilli, oneUnit))
    return refused("/serial", "NOT_BY_THE_PIECE", `${product.sku} is weighed or measured: its pieces have no serials.`)
  if (work.store.units.bySerial(serial) === undefined) return undefined
  const message = "Another unit has this serial."
  return { code: "CONFLICT", detail: message, errors: [{ pointer: "/serial", code: "TAKEN", message }] }
}

/** A piece that is told apart from now on. */
export function newUnit(work: LedgerWork, serial: string, { productId, locationId, lotId }: Cell, reason: string | null): Unit {
  const { now, actor, seq } = work
  const by = { id: actor.id, name: actor.name }
  return {
    id: work.mint("unt"),
    productId,
    serial,
    locationId,
    lotId,
    status: "AVAILABLE",
    orderId: null,
    orderLineId: null,
    reservedUntil: null,
    history: [{ from: null, to: "AVAILABLE", at: now, locationId, by, reason }],
    createdAt: now,
    updatedAt: now,
    version: 1,
    seq,
  }
}

function checkQuantity(product: ProductFacts, { type, quantityMilli }: MovementInput): Refusal | undefined {
  const pointer = "/quantity"
  const refused = (code: "VALIDATION_FAILED" | "OFF_STEP", what: string, message: string): Refusal => ({
    code,
    errors: [{ pointer, code: what, message }],
  })
  if (quantityMilli === 0) return refused("VALIDATION_FAILED", "ZERO", "Must not be zero.")
  if (quantityMilli < 0 && type !== "ADJUSTMENT")
    return refused("VALIDATION_FAILED", "NEGATIVE", "Must be positive; the type says which way it goes.")
  // What is sold by the piece is there by the piece; what is weighed is there to the gram.
  if (isOnStep(product.quantityStepMilli, oneUnit) && !isOnStep(quantityMilli, oneUnit))
    return refused("OFF_STEP", "OFF_STEP", `${product.sku} is counted in whole ${product.unit}.`)
  return undefined
}

const isLeaving = ({ type, quantityMilli }: MovementInput): boolean => type === "OUT" || type === "TRANSFER" || quantityMilli < 0

/** A place that is no more takes nothing in, but what a cancelled order brought back to it can leave. */
export function placeOf(work: LedgerWork, pointer: string, id: LocationId | undefined, mayBeArchived: boolean): Result<Location> {
  const place = id === undefined ? work.store.locations.default() : work.store.locations.find(id)
  if (place === undefined || (place.archivedAt !== null && !mayBeArchived))
    return fault(pointer, "UNKNOWN_WAREHOUSE", "There is no such warehouse.")
  if (isTransit(place)) return fault(pointer, "IN_TRANSIT", "Goods on their way move by a movement that receives them.")
  return ok(place)
}

function targetOf(work: LedgerWork, input: Stated, from: Location, transit: Transit | undefined): Result<Location | undefined> {
  if (input.type !== "TRANSFER") {
    if (input.toLocationId === undefined && input.viaTransit !== true) return ok(undefined)
    return fault("/to_warehouse_id", "NOT_A_TRANSFER", "Only a TRANSFER goes to another place.")
  }
  const toId = input.toLocationId ?? transit?.toLocationId
  if (toId === undefined) return fault("/to_warehouse_id", "REQUIRED", "A TRANSFER names where the goods go.")
  const to = placeOf(work, "/to_warehouse_id", toId, false)
  if (to.ok && to.value.id === from.id) return fault("/to_warehouse_id", "SAME", "The goods are there already.")
  return to
}

/** The goods on their way that a movement receives, or writes off. */
function arrivalOf(work: LedgerWork, input: Stated, id: MovementId): Result<{ readonly transit: Transit; readonly from: Location }> {
  const transit = work.store.movements.transit(id)
  const from = work.store.locations.byCode(transitCode)
  if (transit === undefined || from === undefined || transit.productId !== input.productId)
    return fault("/receives", "UNKNOWN_TRANSFER", "No such transfer of this product is on its way.")
  if (work.store.movements.find(id)?.unitId !== null) return fault("/receives", "NOT_STATED", "A serialized unit arrives by its own move.")
  if (input.type !== "TRANSFER" && input.type !== "OUT")
    return fault("/type", "NOT_AN_ARRIVAL", "Goods on their way arrive by a TRANSFER, or are lost by an OUT.")
  if (input.viaTransit === true) return fault("/via_transit", "ON_ITS_WAY", "The goods are on their way already: say where they arrived.")
  if (input.lotNumber !== undefined && input.lotNumber !== (transit.lotId === "" ? undefined : work.store.lots.find(transit.lotId)?.number))
    return fault("/lot_number", "DIFFERS", "Another lot was sent.")
  if (input.quantityMilli > transit.leftMilli) {
    return refuse("STOCK_INSUFFICIENT", `Of that transfer ${quantityNumber(transit.leftMilli)} are still on the way.`, {
      extra: { shortages: [shortage(work, input.productId, input.quantityMilli, transit.leftMilli)] },
    })
  }
  return ok({ transit, from })
}

/** INV-STK-10: a correction is of the same goods at the same place, once, and of what people stated: orders and units put themselves right. */
function checkCorrection(work: LedgerWork, input: Stated, id: MovementId, at: LocationId, lotId: LotKey): Refusal | undefined {
  const { movements } = work.store
  const wrong = movements.find(id)
  const refused = (code: string, message: string): Refusal => ({
    code: "VALIDATION_FAILED",
    errors: [{ pointer: "/corrects", code, message }],
  })
  if (wrong === undefined || wrong.productId !== input.productId)
    return refused("UNKNOWN_MOVEMENT", "There is no such movement of this product.")
  if (wrong.orderId !== null || wrong.unitId !== null) return refused("NOT_STATED", "What an order or a unit moved is put right there.")
  if ((wrong.locationId !== at && wrong.toLocationId !== at) || wrong.lotId !== lotId)
    return refused("ELSEWHERE", "A correction is of the same lot at a place that the movement changed.")
  if (movements.correctionOf(id) !== undefined)
    return { code: "CONFLICT", detail: "That movement has been corrected; correct its correction." }
  return undefined
}

export function costOf(product: ProductFacts, { type, unitCost }: Pick<MovementInput, "type" | "unitCost">): Result<number | undefined> {
  if (unitCost === undefined) return ok(undefined)
  if (type !== "IN") return fault("/unit_cost", "NOT_A_RECEIPT", "Only what comes in has a cost.")
  const cost = parseDecimal(unitCost, minorDigits(product.currency) + 3)
  if (!cost.ok) return fault("/unit_cost", cost.error, "Must be a decimal with at most three places more than the currency.")
  if (cost.value < 0 || cost.value > limits.moneyMinorMax)
    return fault("/unit_cost", "OUT_OF_RANGE", "Must be neither negative nor that large.")
  return ok(cost.value)
}

function short(work: LedgerWork, product: ProductFacts, locationId: LocationId, lotId: LotKey, askedMilli: Milli) {
  const cells = work.store.levels.ofProduct(product.id).filter((level) => level.locationId === locationId && level.onHandMilli > 0)
  const free = Math.max(0, work.stock.freeLooseOf({ productId: product.id, locationId, lotId }))
  const isInLots = lotId === "" && cells.some((level) => level.lotId !== "")
  return refuse(
    "STOCK_INSUFFICIENT",
    isInLots ? "The product's stock there is in lots: name one." : "Less is there, free and not a serialized unit.",
    {
      extra: { shortages: [shortage(work, product.id, askedMilli, free)] },
    },
  )
}

const shortage = (work: LedgerWork, productId: ProductId, askedMilli: Milli, availableMilli: Milli) => ({
  product_id: productId,
  sku: work.store.products.find(productId)?.sku ?? "",
  asked: quantityNumber(askedMilli),
  available: quantityNumber(availableMilli),
})

/** The place that goods on their way are at; made with the first of them. */
export function transitPlace(work: LedgerWork): Location {
  const { locations } = work.store
  const known = locations.byCode(transitCode)
  if (known !== undefined) return known
  const place = newPlace(work, { code: transitCode, name: "In transit", kind: "IN_TRANSIT", address: null, capacityMilli: null })
  locations.save(place)
  work.touch("location", place.id)
  return place
}

const said = (movement: Movement) => ({
  id: movement.id,
  type: movement.type,
  product_id: movement.productId,
  warehouse_id: movement.locationId,
  quantity: quantityNumber(movement.quantityMilli),
  reason: movement.reason,
})

export const movementCommands = {
  recordMovements: { by: "owner", run: recordMovements },
} as const satisfies Record<string, Command>
