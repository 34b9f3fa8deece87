import { allocate, type Demand } from "../../../src/domains/inventory/rules.ts"
import { orderEventDataOf, orderEvents } from "../../../src/domains/orders/events.ts"
import {
  type AskedLine,
  type OrderFacts,
  orderMovesOf,
  orderNumber,
  priceOrder,
  type SettableOrderStatus,
  type Side,
} from "../../../src/domains/orders/rules.ts"
import type { OrderId, OrganizationId } from "../../../src/kernel/ids.ts"
import { formatMoney, parseMoney } from "../../../src/kernel/money.ts"
import { quantityNumber } from "../../../src/kernel/quantity.ts"
import { err, ok, type Refusal, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"
import { agreeOnDelivery, checkOrderValue } from "./terms.ts"

export type PlaceOrder = {
  readonly buyerId: OrganizationId
  readonly lines: readonly AskedLine[]
  readonly note: string | null
  readonly requestedDeliveryOn: string | null
  /** As written; refused when today's prices come to another total. */
  readonly expectedTotal?: string | number
}
export type Reorder = { readonly orderId: OrderId; readonly expectedTotal?: string | number }
export type SetOrderStatus = {
  readonly orderId: OrderId
  readonly status: SettableOrderStatus
  readonly reason: string | null
  readonly internalNote?: string
}

const notFound = () => refuse("NOT_FOUND", "There is no such order.")

/** Link, terms, minimums, steps and prices are all in this object: a link that was blocked, or terms that were set, a moment earlier hold for the order, without a race. */
export function placeOrder(work: LedgerWork, input: PlaceOrder): Result<OrderFacts> {
  const { store, actor } = work
  const supplier = store.organization
  // INV-ORD-5: one of the two parties places the order, whatever the body says.
  const isParty = actor.organizationId === input.buyerId || actor.organizationId === supplier.id
  const link = isParty ? store.linkOfBuyer(input.buyerId) : undefined
  if (link?.status !== "APPROVED") return refuse("LINK_NOT_APPROVED", "Orders need an approved link with the supplier.")
  if (supplier.status !== "ACTIVE") return refuse("ORGANIZATION_DEACTIVATED", "The supplier is deactivated and takes no orders.")
  const terms = store.terms.of(link.id)?.terms
  const priced = priceOrder(input.lines, (id) => store.product(id), terms)
  if (!priced.ok) return priced
  const worth = checkOrderValue(terms, priced.value)
  if (!worth.ok) return worth
  const deliveryOn = agreeOnDelivery(work, terms, input.requestedDeliveryOn)
  if (!deliveryOn.ok) return deliveryOn
  const { currency, totalMinor, lines } = priced.value
  if (input.expectedTotal !== undefined) {
    const expected = parseMoney(input.expectedTotal, currency)
    if (!expected.ok || expected.value !== totalMinor) {
      return refuse("PRICE_CHANGED", `The order comes to ${formatMoney(totalMinor, currency)} ${currency}.`, {
        extra: { total_amount: formatMoney(totalMinor, currency), currency },
      })
    }
  }
  const order: OrderFacts = {
    id: work.mint("ord"),
    number: orderNumber(store.next("orders")),
    supplierId: supplier.id,
    supplierName: supplier.name,
    buyerId: link.buyerId,
    buyerName: link.buyerName,
    status: "PENDING",
    currency,
    totalMinor,
    lines: lines.map((line) => ({ id: work.mint("oln"), ...line })),
    note: input.note,
    internalNote: null,
    requestedDeliveryOn: deliveryOn.value,
    placedAt: work.now,
    updatedAt: work.now,
    version: 1,
    seq: work.seq,
    history: [work.step(null, "PENDING", null)],
  }
  store.insertOrder(order)
  return finish(work, order, "orders.order.place")
}

/** The same lines at today's prices; only the buyer repeats its order. */
export function reorder(work: LedgerWork, input: Reorder): Result<OrderFacts> {
  const earlier = work.store.order(input.orderId)
  if (earlier === undefined || earlier.buyerId !== work.actor.organizationId) return notFound()
  return placeOrder(work, {
    buyerId: earlier.buyerId,
    lines: earlier.lines.map(({ productId, quantityMilli }) => ({ productId, quantityMilli })),
    note: earlier.note,
    requestedDeliveryOn: null,
    ...(input.expectedTotal === undefined ? {} : { expectedTotal: input.expectedTotal }),
  })
}

export function setOrderStatus(work: LedgerWork, input: SetOrderStatus, ifMatch: number | undefined): Result<OrderFacts> {
  const before = work.store.order(input.orderId)
  const side = before === undefined ? undefined : orderSideOf(before, work.actor.organizationId)
  if (before === undefined || side === undefined) return notFound()
  if (ifMatch !== undefined && ifMatch !== before.version)
    return refuse("VERSION_MISMATCH", `The order is at version ${before.version} by now.`)
  const allowed = orderMovesOf(before.status, side)
  if (!allowed.includes(input.status)) {
    return refuse("INVALID_TRANSITION", `An order that is ${before.status} cannot become ${input.status}.`, {
      current: before.status,
      allowed,
    })
  }
  const moved = input.status === "ACCEPTED" ? takeStock(work, before) : undefined
  if (moved !== undefined) return err(moved)
  if (input.status === "CANCELLED" && before.status === "ACCEPTED") returnStock(work, before)

  const after: OrderFacts = {
    ...before,
    status: input.status,
    internalNote: (side === "supplier" ? input.internalNote : undefined) ?? before.internalNote,
    updatedAt: work.now,
    version: before.version + 1,
    seq: work.seq,
    history: [...before.history, work.step(before.status, input.status, input.reason)],
  }
  work.store.updateOrder(after)
  return finish(work, after, `orders.order.${verbs[input.status]}`, before)
}

export const orderSideOf = (order: OrderFacts, organizationId: OrganizationId): Side | undefined =>
  order.supplierId === organizationId ? "supplier" : order.buyerId === organizationId ? "buyer" : undefined

const verbs = {
  ACCEPTED: "accept",
  REJECTED: "reject",
  IN_DELIVERY: "deliver",
  COMPLETED: "complete",
  CANCELLED: "cancel",
} as const satisfies Record<SettableOrderStatus, string>

/** All lines or none; says what is short where it cannot. */
function takeStock(work: LedgerWork, order: OrderFacts): Refusal | undefined {
  const demands = order.lines.map(({ id, productId, quantityMilli }): Demand => ({ lineId: id, productId, quantityMilli }))
  const allocated = allocate(demands, (productId) => work.store.levels(productId))
  if (!allocated.ok) {
    const skuOf = new Map(order.lines.map(({ productId, sku }) => [productId, sku]))
    return {
      code: "STOCK_INSUFFICIENT",
      detail: "Nothing was taken; the order is as it was.",
      extra: {
        shortages: allocated.error.map(({ productId, askedMilli, availableMilli }) => ({
          product_id: productId,
          sku: skuOf.get(productId) ?? "",
          asked: quantityNumber(askedMilli),
          available: quantityNumber(availableMilli),
        })),
      },
    }
  }
  for (const { lineId, productId, locationId, quantityMilli } of allocated.value) {
    work.moveStock({
      productId,
      locationId,
      type: "OUT",
      quantityMilli: -quantityMilli,
      reason: "ORDER_ACCEPTED",
      orderId: order.id,
      orderLineId: lineId,
    })
  }
  return undefined
}

/** INV-STK-3: what goes back is read from the journal, so it is exactly what went out, and to where it came from. */
function returnStock(work: LedgerWork, order: OrderFacts): void {
  for (const { productId, locationId, quantityMilli, orderLineId, reason } of work.store.movementsOfOrder(order.id)) {
    if (reason !== "ORDER_ACCEPTED" || orderLineId === null) continue
    work.moveStock({
      productId,
      locationId,
      type: "IN",
      quantityMilli: -quantityMilli,
      reason: "ORDER_CANCELLED",
      orderId: order.id,
      orderLineId,
    })
  }
}

function finish(work: LedgerWork, order: OrderFacts, action: string, before?: OrderFacts): Result<OrderFacts> {
  work.touch("order", order.id)
  const said = (facts: OrderFacts | undefined) =>
    facts === undefined
      ? undefined
      : {
          number: facts.number,
          status: facts.status,
          total_amount: formatMoney(facts.totalMinor, facts.currency),
          currency: facts.currency,
        }
  work.audit({
    action,
    entity: "order",
    entityId: order.id,
    before: said(before),
    after: { ...said(order), reason: order.history.at(-1)?.reason ?? null },
  })
  work.emit(order.supplierId, orderEvents[order.status], orderEventDataOf(order, "supplier"))
  work.emit(order.buyerId, orderEvents[order.status], orderEventDataOf(order, "buyer"))
  return ok(order)
}
