import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import { type OrderId, routingOf } from "../../kernel/ids.ts"
import { RefusalError, type Result } from "../../kernel/result.ts"
import { authorize } from "../../platform/auth/actor.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { OrderFacts, SettableOrderStatus, Side } from "./rules.ts"

/** Each move has its own permission on each side; a side that lacks one never makes that move. */
const permissionFor = {
  supplier: {
    ACCEPTED: "orders.sale.accept",
    REJECTED: "orders.sale.reject",
    IN_DELIVERY: "orders.sale.deliver",
    COMPLETED: "orders.sale.complete",
    CANCELLED: "orders.sale.cancel",
  },
  buyer: { CANCELLED: "orders.purchase.cancel", COMPLETED: "orders.purchase.receive" },
} as const satisfies Record<Side, Partial<Record<SettableOrderStatus, Permission>>>

const { supplier, buyer } = permissionFor

/** What whoever asks must hold one of; which one, the move decides. */
export const orderStatusPermissions: readonly [Permission, Permission, ...Permission[]] = [
  supplier.ACCEPTED,
  supplier.REJECTED,
  supplier.IN_DELIVERY,
  supplier.COMPLETED,
  supplier.CANCELLED,
  buyer.CANCELLED,
  buyer.COMPLETED,
]

export type SetOrderStatusInput = {
  readonly orderId: OrderId
  readonly status: SettableOrderStatus
  readonly reason: string | null
  readonly internalNote: string | undefined
}

/** Moves an order along its machine. Which side asks follows from the id: it carries the supplier's routing number. */
export function setOrderStatus(ctx: Ctx, { internalNote, ...input }: SetOrderStatusInput): Promise<Result<OrderFacts>> {
  const side: Side = routingOf(input.orderId) === routingOf(ctx.orgId) ? "supplier" : "buyer"
  const permissions: Partial<Record<SettableOrderStatus, Permission>> = permissionFor[side]
  const permission = permissions[input.status]
  if (permission === undefined) throw new RefusalError({ code: "FORBIDDEN", detail: `The buyer's side never sets ${input.status}.` })
  authorize(ctx.actor, permission)
  if (side === "buyer" && internalNote !== undefined)
    throw new RefusalError({ code: "FORBIDDEN", detail: "internal_note is the supplier's own." })
  return command(ctx, input.orderId, "setOrderStatus", { ...input, ...(internalNote === undefined ? {} : { internalNote }) })
}
