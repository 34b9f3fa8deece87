import type { Ctx } from "../../platform/http/context.ts"
import { pageById } from "../../platform/http/page.ts"
import type { PageQuery } from "../../platform/http/schemas.ts"
import { webhookStore } from "./store.ts"
import { toWebhookView } from "./views.ts"

/** Oldest first, without secrets: those are shown once. */
export async function listWebhooks(ctx: Ctx, query: PageQuery) {
  return pageById("webhooks", "whk", query, (within) => webhookStore(ctx.db).page(within), toWebhookView)
}
