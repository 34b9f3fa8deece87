import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import type { LotKey, MovementType, StatedReason } from "../../../src/domains/inventory/rules.ts"
import { type LotEventVerb, lotEventDataOf, lotEvents } from "../../../src/domains/lots/events.ts"
import { expiryCheckAt, type Lot, type LotFact, type LotStatus, lotFlow, recipientsOf } from "../../../src/domains/lots/rules.ts"
import type { ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { type Milli, quantityNumber } from "../../../src/kernel/quantity.ts"
import { ok, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerStore } from "../store/index.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, checkMove, checkVersion, fault } from "./command.ts"

/** How a movement names a lot. */
export type LotGiven = { readonly lotNumber?: string; readonly expiresOn?: string }

/** A lot that is there, or that will be once it is saved: deciding comes before writing. */
type LotFound = { readonly lotId: LotKey; readonly save: () => void }

/** The lot that a movement is of; goods that come in may bring a new one. A lot's expiry is stated once and stays. */
export function lotFor(
  work: LedgerWork,
  product: ProductFacts,
  { type, reason, lotNumber, expiresOn }: LotGiven & { readonly type: MovementType; readonly reason?: StatedReason },
): Result<LotFound> {
  const nothing = () => undefined
  if (lotNumber === undefined) {
    return expiresOn === undefined
      ? ok({ lotId: "", save: nothing })
      : fault("/lot_number", "REQUIRED", "What expires is told apart by its lot: name it.")
  }
  const known = work.store.lots.byNumber(product.id, lotNumber)
  if (known !== undefined) {
    if (expiresOn !== undefined && known.expiresOn !== expiresOn)
      return fault("/expires_on", "DIFFERS", `The lot is known to expire on ${known.expiresOn ?? "no day"}.`)
    // INV-LOT-2: what was recalled comes back.
    if (type === "IN" && known.status === "RECALLED" && reason !== "RETURNED")
      return refuse("CONFLICT", "The lot is recalled: nothing of it is taken in but what is RETURNED.")
    return ok({ lotId: known.id, save: nothing })
  }
  if (type !== "IN") return fault("/lot_number", "UNKNOWN_LOT", "There is no such lot of this product.")
  const lot: Lot = {
    id: work.mint("lot"),
    productId: product.id,
    number: lotNumber,
    expiresOn: expiresOn ?? null,
    status: "ACTIVE",
    reason: null,
    expiredAt: expiresOn !== undefined && expiresOn < work.today ? work.now : null,
    receivedAt: work.now,
    updatedAt: work.now,
    version: 1,
    seq: work.seq,
  }
  return ok({
    lotId: lot.id,
    save: () => {
      work.store.lots.save(lot)
      work.touch("lot", lot.id)
      if (lot.expiresOn !== null && lot.expiredAt === null) work.stock.lapsesAt(Math.max(work.now, expiryCheckAt(lot.expiresOn)))
    },
  })
}

/** A lot as a request names it: a number is its product's own. */
export type LotNamed = { readonly lotNumber: string; readonly productId?: ProductId }

type SetLotStatus = LotNamed & { readonly status: LotStatus; readonly reason: string | null }

/** The one lot that is meant. A number of several products' lots says which those are, to name one. */
export function lotNamed(
  store: LedgerStore,
  { lotNumber, productId }: LotNamed,
): Result<{ readonly lot: Lot; readonly product: ProductFacts }> {
  const found =
    productId === undefined
      ? store.lots.ofNumber(lotNumber, limits.lotsOfNumberMax)
      : [store.lots.byNumber(productId, lotNumber)].filter((lot) => lot !== undefined)
  const named = found.flatMap((lot) => {
    const product = store.products.find(lot.productId)
    return product === undefined ? [] : [{ lot, product }]
  })
  const [only, another] = named
  if (only === undefined) return refuse("NOT_FOUND", "There is no such lot.")
  if (another === undefined) return ok(only)
  const message = `More than one product has a lot of this number: ${named.map(({ product }) => product.sku).join(", ")}. Name one.`
  return refuse("VALIDATION_FAILED", message, {
    errors: [{ pointer: "/query/product_id", code: "AMBIGUOUS", message }],
    extra: { products: named.map(({ product: { id, sku, name } }) => ({ product_id: id, sku, name })) },
  })
}

const steps = {
  ACTIVE: { action: "inventory.lot.release", event: "released" },
  QUARANTINED: { action: "inventory.lot.hold", event: "quarantined" },
  RECALLED: { action: "inventory.lot.recall", event: "recalled" },
} as const satisfies Record<LotStatus, { readonly action: string; readonly event: LotEventVerb }>

/** INV-LOT-1: holds a lot, releases it, or recalls it for good, which tells everybody who got some of it. */
function setLotStatus(work: LedgerWork, input: SetLotStatus, ifMatch: number | undefined): Result<LotFact> {
  const { store } = work
  const named = lotNamed(store, input)
  if (!named.ok) return named
  const { lot: before, product } = named.value
  const stale = checkVersion("lot", before, ifMatch)
  if (stale !== undefined) return stale
  const misstep = checkMove("A lot", before.status, input.status, lotFlow[before.status])
  if (misstep !== undefined) return misstep

  const lot: Lot = {
    ...before,
    status: input.status,
    reason: input.reason,
    ...work.revise(before),
  }
  store.lots.save(lot)
  work.touch("lot", lot.id)
  const onHandMilli = freeAndCount(work, lot, input.status)
  const { action, event } = steps[input.status]
  work.audit({
    action,
    entity: "lot",
    entityId: lot.id,
    before: { lot_number: before.number, product_id: before.productId, status: before.status, reason: before.reason },
    after: { lot_number: lot.number, product_id: lot.productId, status: lot.status, reason: lot.reason },
  })
  work.emit(store.organization.id, lotEvents[event], lotEventDataOf(lot, product, onHandMilli))
  const fact = { id: lot.id, lot, product: { id: product.id, sku: product.sku, name: product.name, unit: product.unit }, onHandMilli }
  return ok({ ...fact, ...(input.status === "RECALLED" ? tellRecipients(work, lot, product) : { orders: [], isCutShort: false }) })
}

/** INV-LOT-4: nothing stays promised of what may not be sold; its levels say how the lot is. @returns what is on hand everywhere. */
export function freeAndCount(work: LedgerWork, lot: Lot, why: string): Milli {
  const { levels, reservations } = work.store
  let onHandMilli = 0
  for (const level of levels.ofLot(lot.id)) {
    onHandMilli += level.onHandMilli
    const isForSale = lot.status === "ACTIVE" && lot.expiredAt === null
    for (const reservation of isForSale ? [] : reservations.ofCell(level)) work.stock.endReservation(reservation, why)
    work.stock.restamp(level)
  }
  return onHandMilli
}

/** INV-LOT-5: every buyer who has some of a recalled lot is told of its own orders, and of nobody else's. */
function tellRecipients(work: LedgerWork, lot: Lot, product: ProductFacts): Pick<LotFact, "orders" | "isCutShort"> {
  const { store } = work
  const all = store.movements.ordersOfLot(lot.id)
  for (const recipient of recipientsOf(all)) {
    work.emit(recipient.buyerId, lotEvents.recallReceived, {
      lot_number: lot.number,
      product_id: lot.productId,
      sku: product.sku,
      name: product.name,
      expires_on: lot.expiresOn,
      reason: lot.reason,
      counterparty_name: store.organization.name,
      quantity: quantityNumber(recipient.quantityMilli),
      orders: recipient.orders
        .slice(0, limits.recallOrdersToldMax)
        .map(({ orderId, number, quantityMilli }) => ({ order_id: orderId, number, quantity: quantityNumber(quantityMilli) })),
    })
  }
  return { orders: all.slice(0, limits.lotOrdersMax), isCutShort: all.length > limits.lotOrdersMax }
}

export const lotCommands = {
  setLotStatus: { by: "owner", run: setLotStatus },
} as const satisfies Record<string, Command>
