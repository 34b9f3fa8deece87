import { isId, type WebhookId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import type { DeliveryQuery } from "./schemas.ts"
import { webhookStore } from "./store.ts"
import { toDeliveryView } from "./views.ts"

const cursorKind = "webhook-deliveries"

/** Newest first. @throws RefusalError NOT_FOUND. */
export async function listDeliveries(ctx: Ctx, id: WebhookId, { limit, cursor, status }: DeliveryQuery) {
  const store = webhookStore(ctx.db)
  const [key] = readCursor(cursorKind, ["string"], cursor) ?? []
  const before = typeof key === "string" && isId("dlv", key) ? key : undefined
  const [webhook, { rows, stoppedAt }] = await Promise.all([store.byId(id), store.deliveries(id, { before, status, rowsMax: limit + 1 })])
  if (webhook === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  return pageOf(rows, limit, cursorKind, (row) => [row.id], toDeliveryView, stoppedAt === undefined ? undefined : [stoppedAt])
}
