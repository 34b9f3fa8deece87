import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { RefusalError, type Result } from "../../kernel/result.ts"
import { authorize } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import type { AskedLine, OrderFacts } from "./rules.ts"

type PlaceOrderInput = {
  readonly supplierId: OrganizationId
  readonly buyerId: OrganizationId | undefined
  readonly lines: readonly AskedLine[]
  readonly note: string | null
  readonly requestedDeliveryOn: string | null
  readonly expectedTotal: string | number | undefined
}

/** Places an order as the buyer, or as the supplier's staff for a linked buyer. One call to the supplier's ledger, which knows all there is to check. */
export function placeOrder(
  ctx: Ctx,
  { supplierId, buyerId = ctx.orgId, expectedTotal, ...order }: PlaceOrderInput,
): Promise<Result<OrderFacts>> {
  const isBuyer = buyerId === ctx.orgId
  if (!isBuyer && supplierId !== ctx.orgId)
    throw new RefusalError({ code: "FORBIDDEN", detail: "Only the supplier's staff may place an order for another organization." })
  if (isBuyer && supplierId === ctx.orgId)
    throw invalidAt("/supplier_id", "An organization does not order from itself; name the buyer.", "SELF")
  authorize(ctx.actor, isBuyer ? "orders.purchase.place" : "orders.sale.place")
  return command(ctx, supplierId, "placeOrder", { ...order, buyerId, ...(expectedTotal === undefined ? {} : { expectedTotal }) })
}
