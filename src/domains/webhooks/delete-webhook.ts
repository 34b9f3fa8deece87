import type { WebhookId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { webhookEvents } from "./events.ts"
import { findWebhook } from "./find-webhook.ts"
import { webhookStore } from "./store.ts"
import { toWebhookView } from "./views.ts"

/** Its deliveries go with it: those that wait are dropped when their turn comes, the others by the clean-up. */
export async function deleteWebhook(ctx: Ctx, id: WebhookId): Promise<void> {
  const webhook = await findWebhook(ctx, id)
  const view = toWebhookView(webhook)
  ctx.work
    .add(...webhookStore(ctx.db).delete(webhook))
    .audit(ctx.db, { action: "webhooks.endpoint.delete", entity: "webhook", entityId: id, before: view })
    .event(ctx.db, webhookEvents.deleted, view)
}
