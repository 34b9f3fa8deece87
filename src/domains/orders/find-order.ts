import { readOrder } from "../../../durable-objects/supplier-ledger/client.ts"
import type { OrderId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { OrderFacts } from "./rules.ts"
import { orderStore } from "./store.ts"
import { orderOfRow } from "./views.ts"

/** An order of the caller's organization, either side: from D1, or from the ledger where D1 does not show it yet. */
export async function findOrder(ctx: Ctx, id: OrderId): Promise<OrderFacts | undefined> {
  const row = await orderStore(ctx.db).byId(id)
  return row === undefined ? readOrder(ctx, id) : orderOfRow(row)
}
