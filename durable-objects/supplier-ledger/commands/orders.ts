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
import { type Command, checkMove, checkVersion } from "./command.ts"
import { agreeOnDelivery, checkOrderValue } from "./terms.ts"

export type PlaceOrder = {
  readonly buyerId: OrganizationId
  readonly lines: readonly AskedLine[]
  readonly note: string | null
  readonly requestedDeliveryOn: string | null
  /** As written; refused when today's prices come to another total. */
  readonly expectedTotal?: string | number
}
type Reorder = { readonly orderId: OrderId; readonly expectedTotal?: string | number }
type SetOrderStatus = {
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
  const link = isParty ? store.links.ofBuyer(input.buyerId) : undefined
  if (link?.status !== "APPROVED") return refuse("LINK_NOT_APPROVED", "Orders need an approved link with the supplier.")
  if (supplier.status !== "ACTIVE") return refuse("ORGANIZATION_DEACTIVATED", "The supplier is deactivated and takes no orders.")
  const terms = store.terms.of(link.id)?.terms
  const priced = priceOrder(input.lines, (id) => store.products.find(id), terms)
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
  store.orders.insert(order)
  return finish(work, order, "orders.order.place")
}

/** The same lines at today's prices; only the buyer repeats its order. */
function reorder(work: LedgerWork, input: Reorder): Result<OrderFacts> {
  const earlier = work.store.orders.find(input.orderId)
  if (earlier === undefined || earlier.buyerId !== work.actor.organizationId) return notFound()
  return placeOrder(work, {
    buyerId: earlier.buyerId,
    lines: earlier.lines.map(({ productId, quantityMilli }) => ({ productId, quantityMilli })),
    note: earlier.note,
    requestedDeliveryOn: null,
    ...(input.expectedTotal === undefined ? {} : { expectedTotal: input.expectedTotal }),
  })
}

function setOrderStatus(work: LedgerWork, input: SetOrderStatus, ifMatch: number | undefined): Result<OrderFacts> {
  const before = work.store.orders.find(input.orderId)
  const side = before === undefined ? undefined : orderSideOf(before, work.actor.organizationId)
  if (before === undefined || side === undefined) return notFound()
  const stale = checkVersion("order", before, ifMatch)
  if (stale !== undefined) return stale
  const misstep = checkMove("An order", before.status, input.status, orderMovesOf(before.status, side))
  if (misstep !== undefined) return misstep
  const moved = input.status === "ACCEPTED" ? takeStock(work, before) : undefined
  if (moved !== undefined) return err(moved)
  if (input.status === "CANCELLED" && before.status === "ACCEPTED") work.stock.giveBack(before.id)

  const after: OrderFacts = {
    ...before,
    status: input.status,
    internalNote: (side === "supplier" ? input.internalNote : undefined) ?? before.internalNote,
    updatedAt: work.now,
    version: before.version + 1,
    seq: work.seq,
    history: [...before.history, work.step(before.status, input.status, input.reason)],
  }
  work.store.orders.update(after)
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
  const allocated = allocate(demands, (productId) => work.stock.forSale(productId))
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
  work.stock.take(order.id, allocated.value)
  return undefined
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

export const orderCommands = {
  placeOrder: { by: "party", run: placeOrder },
  reorder: { by: "party", run: reorder },
  setOrderStatus: { by: "party", run: setOrderStatus },
} as const satisfies Record<string, Command>
