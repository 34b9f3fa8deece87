import type { OrganizationId } from "../../kernel/ids.ts"
import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { etagOf } from "../../platform/http/reply.ts"
import type { OrderFacts } from "./rules.ts"
import type { OrderRow } from "./tables.ts"

type Head = Omit<OrderFacts, "lines" | "history">

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
  note: order.note,
  ...(viewer === order.supplierId ? { internal_note: order.internalNote } : {}),
  requested_delivery_on: order.requestedDeliveryOn,
  placed_at: formatInstant(order.placedAt),
  updated_at: formatInstant(order.updatedAt),
  version: order.version,
})

export const toOrderView = (order: OrderFacts, viewer: OrganizationId) => ({
  ...toOrderSummary(order, viewer),
  items: order.lines.map((line) => ({
    id: line.id,
    product_id: line.productId,
    sku: line.sku,
    name: line.name,
    unit: line.unit,
    quantity: quantityNumber(line.quantityMilli),
    unit_price_at_time: formatMoney(line.unitPriceMinor, order.currency),
    price_rule: line.priceRule ?? "BASE",
    line_total: formatMoney(line.lineTotalMinor, order.currency),
  })),
  history: order.history.map(({ from, to, at, by, reason }) => ({
    from,
    to,
    at: formatInstant(at),
    by: { id: by.id, name: by.name, organization_id: by.organizationId },
    reason,
  })),
})

/** One party's row as the order that both are in. */
export function orderOfRow(row: OrderRow): OrderFacts {
  const { orgId, side, counterpartyId } = row
  const [supplierId, buyerId] = side === "supplier" ? [orgId, counterpartyId] : [counterpartyId, orgId]
  return { ...row, supplierId, buyerId }
}

export const orderEtag = (order: OrderFacts, viewer: OrganizationId): string =>
  etagOf(order.version, order.seq, viewer === order.supplierId ? "s" : "b")
