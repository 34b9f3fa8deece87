import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import { type OrderId, routingOf } from "../../kernel/ids.ts"
import { RefusalError, type Result } from "../../kernel/result.ts"
import { hour } from "../../kernel/time.ts"
import { authorize } from "../../platform/auth/actor.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import type { AmendedItem, DeliveredItem } from "./line-rules.ts"
import type { OrderFacts, SettableOrderStatus, Side } from "./rules.ts"
import type { StatusItem } from "./schemas.ts"

/** Each move has its own permission on each side; a side that lacks one never makes that move. */
const permissionFor = {
  supplier: {
    ACCEPTED: "orders.sale.accept",
    REJECTED: "orders.sale.reject",
    IN_DELIVERY: "orders.sale.deliver",
    FAILED_DELIVERY: "orders.sale.deliver",
    COMPLETED: "orders.sale.complete",
    CANCELLED: "orders.sale.cancel",
  },
  buyer: { ACCEPTED: "orders.purchase.place", CANCELLED: "orders.purchase.cancel", COMPLETED: "orders.purchase.receive" },
} as const satisfies Record<Side, Partial<Record<SettableOrderStatus, Permission>>>

const { supplier, buyer } = permissionFor

/** What whoever asks must hold one of; which one, the move decides. */
export const orderStatusPermissions: readonly [Permission, Permission, ...Permission[]] = [
  supplier.ACCEPTED,
  supplier.REJECTED,
  supplier.IN_DELIVERY,
  supplier.COMPLETED,
  supplier.CANCELLED,
  buyer.ACCEPTED,
  buyer.CANCELLED,
  buyer.COMPLETED,
]

type SetOrderStatusInput = {
  readonly orderId: OrderId
  readonly status: SettableOrderStatus
  readonly reason: string | null
  readonly internalNote: string | undefined
  readonly items: readonly StatusItem[] | undefined
}

/** Moves an order along its machine. Which side asks follows from the id: it carries the supplier's routing number. */
export function setOrderStatus(ctx: Ctx, { internalNote, items, ...input }: SetOrderStatusInput): Promise<Result<OrderFacts>> {
  const side: Side = routingOf(input.orderId) === routingOf(ctx.orgId) ? "supplier" : "buyer"
  const permissions: Partial<Record<SettableOrderStatus, Permission>> = permissionFor[side]
  const permission = permissions[input.status]
  if (permission === undefined) throw new RefusalError({ code: "FORBIDDEN", detail: `The buyer's side never sets ${input.status}.` })
  authorize(ctx.actor, permission)
  if (side === "buyer" && internalNote !== undefined)
    throw new RefusalError({ code: "FORBIDDEN", detail: "internal_note is the supplier's own." })
  return command(ctx, input.orderId, "setOrderStatus", {
    ...input,
    ...(internalNote === undefined ? {} : { internalNote }),
    ...(items === undefined ? {} : itemsOf(ctx, side, input.status, items)),
  })
}

/** What the items say, each in the words of its move: what is accepted instead, or what was delivered. */
function itemsOf(ctx: Ctx, side: Side, status: SettableOrderStatus, items: readonly StatusItem[]) {
  if (status === "ACCEPTED" && side === "supplier") {
    return { amendment: { items: items.map(amendedItem), answerWithinMs: ctx.config.ORDER_AMENDMENT_HOURS * hour } }
  }
  if (status !== "COMPLETED") throw invalidAt("/items", "Items go with the supplier's ACCEPTED, and with COMPLETED.", "NOT_FOR_STATUS")
  if (side === "buyer" && items.some(({ billed }) => billed !== undefined))
    throw new RefusalError({ code: "FORBIDDEN", detail: "The supplier says what is billed; the buyer, what was delivered." })
  return { delivered: items.map(deliveredItem) }
}

function amendedItem({ item_id, quantity, substitute_product_id, delivered, billed }: StatusItem, index: number): AmendedItem {
  if (delivered !== undefined || billed !== undefined)
    throw invalidAt(`/items/${index}`, "delivered and billed go with COMPLETED.", "NOT_FOR_STATUS")
  if (quantity === undefined) throw invalidAt(`/items/${index}/quantity`, "Say how much is accepted.", "REQUIRED")
  return {
    itemId: item_id,
    quantityMilli: quantity,
    ...(substitute_product_id === undefined ? {} : { substituteId: substitute_product_id }),
  }
}

function deliveredItem({ item_id, quantity, substitute_product_id, delivered, billed }: StatusItem, index: number): DeliveredItem {
  if (quantity !== undefined || substitute_product_id !== undefined)
    throw invalidAt(`/items/${index}`, "quantity and substitute_product_id go with ACCEPTED.", "NOT_FOR_STATUS")
  return {
    itemId: item_id,
    ...(delivered === undefined ? {} : { deliveredMilli: delivered }),
    ...(billed === undefined ? {} : { billedMilli: billed }),
  }
}
