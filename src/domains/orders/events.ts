import { z } from "@hono/zod-openapi"
import { formatMoney } from "../../kernel/money.ts"
import { formatInstantOrNull } from "../../kernel/time.ts"
import { type EventType, eventsOf } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import { agreedLines } from "./line-rules.ts"
import { type OrderFacts, type OrderStatus, type Side, totalOf } from "./rules.ts"

const orderEventData = lazily(() =>
  z.object({
    order_id: z.string(),
    number: z.string(),
    status: z.string(),
    side: z.enum(["supplier", "buyer"]),
    supplier_id: z.string(),
    buyer_id: z.string(),
    counterparty_name: z.string(),
    total_amount: z.string(),
    currency: z.string(),
    /** While the order is AMENDED: what it would come to, and until when the buyer may agree. */
    proposed_total_amount: z.string().nullable(),
    answer_by: z.string().nullable(),
    reason: z.string().nullable(),
    by: z.object({ id: z.string().nullable(), name: z.string(), organization_id: z.string() }).nullable(),
  }),
)

type OrderEventData = z.infer<typeof orderEventData>

const orderEvent = eventsOf("orders.order.read", orderEventData)

/** One event a state; both organizations get theirs, each in its own words. */
export const orderEvents = {
  PENDING: orderEvent("order.placed"),
  AMENDED: orderEvent("order.amended"),
  ACCEPTED: orderEvent("order.accepted"),
  REJECTED: orderEvent("order.rejected"),
  IN_DELIVERY: orderEvent("order.in_delivery"),
  FAILED_DELIVERY: orderEvent("order.delivery_failed"),
  COMPLETED: orderEvent("order.completed"),
  CANCELLED: orderEvent("order.cancelled"),
} as const satisfies Record<OrderStatus, EventType<OrderEventData>>

export function orderEventDataOf(order: OrderFacts, side: Side): OrderEventData {
  const last = order.history.at(-1)
  return {
    order_id: order.id,
    number: order.number,
    status: order.status,
    side,
    supplier_id: order.supplierId,
    buyer_id: order.buyerId,
    counterparty_name: side === "supplier" ? order.buyerName : order.supplierName,
    total_amount: formatMoney(order.totalMinor, order.currency),
    currency: order.currency,
    proposed_total_amount: order.status === "AMENDED" ? formatMoney(totalOf(agreedLines(order.lines)), order.currency) : null,
    answer_by: formatInstantOrNull(order.answerBy),
    reason: last?.reason ?? null,
    by: last === undefined ? null : { id: last.by.id, name: last.by.name, organization_id: last.by.organizationId },
  }
}
