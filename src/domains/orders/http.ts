import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { createEndpoint, listEndpoint, readEndpoint } from "../../platform/http/verbs.ts"
import { findOrder } from "./find-order.ts"
import { placeOrder } from "./place-order.ts"
import type { OrderFacts } from "./rules.ts"
import { orderList, orderQuery, orderView, placeOrderInput, reorderInput, setOrderStatusInput } from "./schemas.ts"
import { orderStatusPermissions, setOrderStatus } from "./set-order-status.ts"
import { orderStore } from "./store.ts"
import { orderEtag, orderOfRow, toOrderSummary, toOrderView } from "./views.ts"

const placingErrors = ["LINK_NOT_APPROVED", "PRICE_CHANGED", "BELOW_MINIMUM", "OFF_STEP"] as const

const shown = (ctx: Ctx, order: OrderFacts) => ({ view: toOrderView(order, ctx.orgId), etag: orderEtag(order, ctx.orgId) })

export const orderEndpoints: readonly Endpoint[] = [
  createEndpoint(
    {
      operationId: "placeOrder",
      path: "/orders",
      tag: "Orders",
      summary: "Place an order with a linked supplier",
      description:
        "Checks the link, each product's minimum and step, and keeps today's prices. A line may count in one of the product's packs. Stock is taken when the supplier accepts.",
      access: ["orders.purchase.place", "orders.sale.place"],
      body: placeOrderInput,
      success: { schema: orderView, description: "The order, PENDING." },
      errors: placingErrors,
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const result = await placeOrder(ctx, {
        supplierId: body.supplier_id,
        buyerId: body.buyer_id,
        lines: body.items.map(({ product_id, quantity, unit }) => ({
          productId: product_id,
          quantityMilli: quantity,
          ...(unit === undefined ? {} : { unit }),
        })),
        note: body.note ?? null,
        requestedDeliveryOn: body.requested_delivery_on ?? null,
        expectedTotal: body.expected_total,
      })
      return result.ok ? shown(ctx, result.value) : result
    },
  ),
  listEndpoint(
    {
      operationId: "listMyOrders",
      path: "/orders/my-orders",
      tag: "Orders",
      summary: "Orders of my organization, either side, newest first",
      description: "With `q` or `side` at most 500 orders are looked at: a page may be short and still have a next_cursor.",
      access: "orders.order.read",
      query: orderQuery,
      success: { schema: orderList, description: "A page of orders, without lines and history." },
    },
    (ctx, { query }) => {
      const { status, side, q, from, to } = query
      return pageById(
        "orders",
        "ord",
        query,
        (within) => orderStore(ctx.db).page({ status, side, q, from, to, ...within }),
        (row) => toOrderSummary(orderOfRow(row), ctx.orgId),
      )
    },
  ),
  readEndpoint(
    {
      operationId: "getOrder",
      path: "/orders/{id}",
      tag: "Orders",
      summary: "One order with its lines and history",
      access: "orders.order.read",
      params: idParams("ord"),
      noun: "order",
      success: { schema: orderView, description: "The order." },
    },
    async (ctx, { params }) => {
      const order = await findOrder(ctx, params.id)
      return order === undefined ? undefined : shown(ctx, order)
    },
  ),
  endpoint(
    {
      operationId: "setOrderStatus",
      method: "put",
      path: "/orders/{id}/status",
      tag: "Orders",
      summary: "Accept, amend, reject, deliver, complete or cancel an order",
      description:
        "ACCEPTED takes the stock of all lines (of a bundle, its components') or refuses with what is short; CANCELLED after it puts back exactly what went out, to the lots it came from. " +
        "The supplier's ACCEPTED with items that are less than was ordered, or another product, makes the order AMENDED: what is offered is reserved, and the buyer agrees by ACCEPTED or declines by CANCELLED until `answer_by`, after which the order is cancelled. " +
        "FAILED_DELIVERY goes back to IN_DELIVERY, or to CANCELLED. COMPLETED may say what was delivered and, by the supplier, what is billed: of less than was accepted just that, of more no more than was accepted, unless it says otherwise. What the buyer says was delivered is shown beside the bill and does not change it; a complaint settles the difference. The buyer may set CANCELLED, COMPLETED and, of what is AMENDED, ACCEPTED.",
      access: orderStatusPermissions,
      params: idParams("ord"),
      body: setOrderStatusInput,
      success: { status: 200, schema: orderView, description: "The order in its new state." },
      errors: ["INVALID_TRANSITION", "STOCK_INSUFFICIENT", "OFF_STEP", "CONFLICT"],
      writer: "ledger",
    },
    async (ctx, { params, body }) => {
      const result = await setOrderStatus(ctx, {
        orderId: params.id,
        status: body.status,
        reason: body.reason ?? null,
        internalNote: body.internal_note,
        items: body.items,
      })
      return result.ok ? reply.shown(shown(ctx, result.value)) : result
    },
  ),
  endpoint(
    {
      operationId: "reorder",
      method: "post",
      path: "/orders/{id}/reorder",
      tag: "Orders",
      summary: "Order the same lines again at today's prices",
      access: "orders.purchase.place",
      params: idParams("ord"),
      body: reorderInput,
      success: { status: 201, schema: orderView, description: "The new order, PENDING." },
      errors: placingErrors,
      writer: "ledger",
    },
    async (ctx, { params, body }) => {
      const result = await command(ctx, params.id, "reorder", {
        orderId: params.id,
        ...(body?.expected_total === undefined ? {} : { expectedTotal: body.expected_total }),
      })
      if (!result.ok) return result
      const { view, etag } = shown(ctx, result.value)
      return reply.created(view, `/orders/${view.id}`, { etag })
    },
  ),
]
