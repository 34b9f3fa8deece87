import type { WebhookId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageById } from "../../platform/http/page.ts"
import type { DeliveryQuery } from "./schemas.ts"
import { webhookStore } from "./store.ts"
import { toDeliveryView } from "./views.ts"

/** Newest first. @throws RefusalError NOT_FOUND. */
export async function listDeliveries(ctx: Ctx, id: WebhookId, { status, ...page }: DeliveryQuery) {
  const store = webhookStore(ctx.db)
  return pageById(
    "webhook-deliveries",
    "dlv",
    page,
    async ({ after: before, rowsMax }) => {
      const [webhook, found] = await Promise.all([store.byId(id), store.deliveries(id, { before, status, rowsMax })])
      if (webhook === undefined) throw new RefusalError({ code: "NOT_FOUND" })
      return found
    },
    toDeliveryView,
  )
}
