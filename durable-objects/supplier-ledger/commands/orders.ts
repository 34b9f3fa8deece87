import { orderEventDataOf, orderEvents } from "../../../src/domains/orders/events.ts"
import {
  type AmendedItem,
  agreedLines,
  amendOrder,
  type DeliveredItem,
  declinedLines,
  deliverLines,
  orderedOf,
} from "../../../src/domains/orders/line-rules.ts"
import {
  type AskedLine,
  type OrderFacts,
  type OrderStatus,
  orderMovesOf,
  orderNumber,
  priceOrder,
  type SettableOrderStatus,
  type Side,
  totalOf,
} from "../../../src/domains/orders/rules.ts"
import type { OrderId, OrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { formatMoney, parseMoney } from "../../../src/kernel/money.ts"
import { err, ok, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, checkMove, checkVersion } from "./command.ts"
import { partsOf, reserveStock, takeStock } from "./order-stock.ts"
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
  /** With ACCEPTED: what is offered instead of what was ordered, and how long the buyer has to answer. */
  readonly amendment?: { readonly items: readonly AmendedItem[]; readonly answerWithinMs: number }
  /** With COMPLETED: what came of the lines that came otherwise than accepted. */
  readonly delivered?: readonly DeliveredItem[]
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
  const parts = partsOf(work, priced.value.lines)
  if (!parts.ok) return parts
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
    answerBy: null,
    placedAt: work.now,
    updatedAt: work.now,
    version: 1,
    seq: work.seq,
    history: [work.step(null, "PENDING", null)],
  }
  store.orders.insert(order)
  return finish(work, order, `orders.order.${verbs.PENDING}`)
}

/** The same lines at today's prices; only the buyer repeats its order. */
function reorder(work: LedgerWork, input: Reorder): Result<OrderFacts> {
  const earlier = work.store.orders.find(input.orderId)
  if (earlier === undefined || earlier.buyerId !== work.actor.organizationId) return notFound()
  return placeOrder(work, {
    buyerId: earlier.buyerId,
    lines: earlier.lines.map(orderedOf).map(({ productId, quantityMilli }) => ({ productId, quantityMilli })),
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
  // Whoever sold has the first word, whatever the state: this is not the buyer's to do at all.
  if (side === "buyer" && input.status === "ACCEPTED" && before.status === "PENDING")
    return refuse("FORBIDDEN", "The supplier accepts orders; the buyer accepts what it offers instead.")
  const misstep = checkMove("An order", before.status, input.status, orderMovesOf(before.status, side))
  if (misstep !== undefined) return misstep
  const change = changeOf(work, before, side, input)
  if (!change.ok) return change
  return move(work, before, {
    ...change.value,
    reason: input.reason,
    internalNote: (side === "supplier" ? input.internalNote : undefined) ?? before.internalNote,
  })
}

type Change = Pick<OrderFacts, "status"> & Partial<Pick<OrderFacts, "lines" | "answerBy" | "internalNote">>

/** What a move does to an order and to stock. A refusal leaves nothing behind, also of what was written before it. */
function changeOf(work: LedgerWork, before: OrderFacts, side: Side, { status, amendment, delivered }: SetOrderStatus): Result<Change> {
  switch (status) {
    case "ACCEPTED":
      if (before.status === "AMENDED") return confirm(work, before)
      return amendment === undefined ? accept(work, before) : amend(work, before, amendment)
    case "COMPLETED": {
      const lines = deliverLines(before.lines, delivered ?? [], side)
      return lines.ok ? ok({ status, lines: lines.value }) : lines
    }
    case "CANCELLED":
      return ok(callOff(work, before))
    case "IN_DELIVERY":
      if (before.history.filter(({ to }) => to === status).length >= limits.orderDeliveriesMax)
        return refuse("CONFLICT", `An order is sent out at most ${limits.orderDeliveriesMax} times.`)
      return ok({ status })
    case "REJECTED":
    case "FAILED_DELIVERY":
      return ok({ status })
  }
}

function accept(work: LedgerWork, order: OrderFacts): Result<Change> {
  const refusal = takeStock(work, order)
  return refusal === undefined ? ok({ status: "ACCEPTED" }) : err(refusal)
}

/** INV-ORD-7: offers less or other goods than were ordered, and keeps them for the buyer until it answers or its time is over. */
function amend(work: LedgerWork, before: OrderFacts, { items, answerWithinMs }: NonNullable<SetOrderStatus["amendment"]>): Result<Change> {
  const { store } = work
  const link = store.links.ofBuyer(before.buyerId)
  const prices = link === undefined ? undefined : store.terms.of(link.id)?.terms
  const lines = amendOrder(before, items, (id) => store.products.find(id), prices)
  if (!lines.ok) return lines
  if (lines.value === undefined) return accept(work, before)
  const answerBy = work.now + answerWithinMs
  const refusal = reserveStock(work, { ...before, lines: lines.value }, items, answerBy)
  if (refusal !== undefined) return err(refusal)
  work.stock.lapsesAt(answerBy)
  return ok({ status: "AMENDED", lines: lines.value, answerBy })
}

/** The buyer agrees: what was kept for it is taken, anew by what expires first. */
function confirm(work: LedgerWork, before: OrderFacts): Result<Change> {
  if (before.answerBy !== null && work.now >= before.answerBy)
    return refuse("INVALID_TRANSITION", "The time to answer is over.", { current: before.status, allowed: ["CANCELLED"] })
  const lines = agreedLines(before.lines)
  work.stock.releaseOrder(before.id)
  const refusal = takeStock(work, { ...before, lines })
  return refusal === undefined ? ok({ status: "ACCEPTED", lines, answerBy: null }) : err(refusal)
}

/** Nothing comes of the order: what was promised is free, what was taken goes back, and the lines are what was agreed on last. */
function callOff(work: LedgerWork, before: OrderFacts): Change {
  work.stock.releaseOrder(before.id)
  work.stock.giveBack(before.id)
  return { status: "CANCELLED", lines: declinedLines(before.lines), answerBy: null }
}

/** INV-ORD-7: nobody answered in time. */
export function lapseOrder(work: LedgerWork, before: OrderFacts): void {
  move(work, before, { ...callOff(work, before), reason: "The buyer did not answer in time." })
}

function move(
  work: LedgerWork,
  before: OrderFacts,
  { reason, ...change }: Change & { readonly reason: string | null },
): Result<OrderFacts> {
  const lines = change.lines ?? before.lines
  const after: OrderFacts = {
    ...before,
    ...change,
    lines,
    totalMinor: totalOf(lines),
    ...work.revise(before),
    history: [...before.history, work.step(before.status, change.status, reason)],
  }
  work.store.orders.update(after)
  return finish(work, after, `orders.order.${verbs[after.status]}`, before)
}

export const orderSideOf = (order: OrderFacts, organizationId: OrganizationId): Side | undefined =>
  order.supplierId === organizationId ? "supplier" : order.buyerId === organizationId ? "buyer" : undefined

const verbs = {
  PENDING: "place",
  AMENDED: "amend",
  ACCEPTED: "accept",
  REJECTED: "reject",
  IN_DELIVERY: "deliver",
  FAILED_DELIVERY: "fail-delivery",
  COMPLETED: "complete",
  CANCELLED: "cancel",
} as const satisfies Record<OrderStatus, string>

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
