import type { OrganizationId } from "../../kernel/ids.ts"
import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { agreedLines, orderedOf } from "./line-rules.ts"
import { type LineGoods, type OrderFacts, type OrderLine, totalOf } from "./rules.ts"
import type { OrderRow } from "./tables.ts"

type Head = Omit<OrderFacts, "history">

/** An order as one side may see it, without lines and history. INV-ORD-4: a buyer gets nothing of the supplier's own. */
export const toOrderSummary = (order: Head, viewer: OrganizationId) => ({
  id: order.id,
  number: order.number,
  supplier_id: order.supplierId,
  supplier_name: order.supplierName,
  buyer_id: order.buyerId,
  buyer_name: order.buyerName,
  status: order.status,
  currency: order.currency,
  total_amount: formatMoney(order.totalMinor, order.currency),
  proposed_total_amount: order.status === "AMENDED" ? formatMoney(totalOf(agreedLines(order.lines)), order.currency) : null,
  answer_by: formatInstantOrNull(order.answerBy),
  note: order.note,
  internal_note: viewer === order.supplierId ? order.internalNote : undefined,
  requested_delivery_on: order.requestedDeliveryOn,
  placed_at: formatInstant(order.placedAt),
  updated_at: formatInstant(order.updatedAt),
  version: order.version,
})

export const toOrderView = (order: OrderFacts, viewer: OrganizationId) => ({
  ...toOrderSummary(order, viewer),
  items: order.lines.map((line) => toLineView(line, order)),
  history: order.history.map(({ from, to, at, by, reason }) => ({
    from,
    to,
    at: formatInstant(at),
    by: { id: by.id, name: by.name, organization_id: by.organizationId },
    reason,
  })),
})

const toGoodsView = (goods: LineGoods, currency: string) => ({
  product_id: goods.productId,
  sku: goods.sku,
  name: goods.name,
  unit: goods.unit,
  quantity: quantityNumber(goods.quantityMilli),
  unit_price_at_time: formatMoney(goods.unitPriceMinor, currency),
  price_rule: goods.priceRule ?? "BASE",
  line_total: formatMoney(goods.lineTotalMinor, currency),
})

/** INV-ORD-8: what was ordered, accepted, delivered and billed, each apart. */
function toLineView(line: OrderLine, { currency, status, history }: OrderFacts) {
  const ordered = orderedOf(line)
  const { unit, quantityMilli } = line.asked ?? ordered
  const isAccepted = history.some(({ to }) => to === "ACCEPTED")
  const isCompleted = status === "COMPLETED"
  return {
    id: line.id,
    ...toGoodsView(line, currency),
    ordered_unit: unit,
    ordered_unit_quantity: quantityNumber(quantityMilli),
    ordered_quantity: quantityNumber(ordered.quantityMilli),
    accepted_quantity: isAccepted ? quantityNumber(line.quantityMilli) : null,
    delivered_quantity: isCompleted ? quantityNumber(line.deliveredMilli ?? line.quantityMilli) : null,
    billed_quantity: isCompleted ? quantityNumber(line.billedMilli ?? line.quantityMilli) : null,
    proposal: line.proposal === undefined ? null : toGoodsView(line.proposal, currency),
    substitute_for:
      ordered.productId === line.productId
        ? null
        : { product_id: ordered.productId, sku: ordered.sku, name: ordered.name, unit: ordered.unit },
  }
}

/** One party's row as the order that both are in. */
export function orderOfRow(row: OrderRow): OrderFacts {
  const { orgId, side, counterpartyId } = row
  const [supplierId, buyerId] = side === "supplier" ? [orgId, counterpartyId] : [counterpartyId, orgId]
  return { ...row, supplierId, buyerId }
}

export const orderEtag = (order: OrderFacts, viewer: OrganizationId): string =>
  etagOf(order.version, order.seq, viewer === order.supplierId ? "s" : "b")
