import { mayMove } from "../../kernel/flow.ts"
import type { DeliveryId, WebhookId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { sendMessages } from "./messages.ts"
import { deliveryFlow, endpointFlow, keptAttempts } from "./rules.ts"
import { webhookStore } from "./store.ts"
import type { DeliveryRow } from "./tables.ts"

/** Sends an event again, under the id it had, with a whole series of attempts. @throws RefusalError NOT_FOUND, INVALID_TRANSITION. */
export async function replayDelivery(ctx: Ctx, webhookId: WebhookId, id: DeliveryId): Promise<DeliveryRow> {
  const store = webhookStore(ctx.db)
  const [webhook, before] = await Promise.all([store.byId(webhookId), store.delivery(webhookId, id)])
  if (webhook === undefined || before === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  if (webhook.status !== "ACTIVE") {
    throw new RefusalError({
      code: "INVALID_TRANSITION",
      detail: "The webhook is disabled; turn it on first.",
      current: webhook.status,
      allowed: endpointFlow[webhook.status],
    })
  }
  if (!mayMove(deliveryFlow, before.status, "PENDING")) {
    throw new RefusalError({ code: "INVALID_TRANSITION", current: before.status, allowed: deliveryFlow[before.status] })
  }
  const attempts = keptAttempts(before.attempts)
  const after: DeliveryRow = {
    ...before,
    status: "PENDING",
    failureReason: null,
    attempts,
    attemptInSeries: 0,
    nextAttemptAt: ctx.now,
    dueAt: ctx.now + limits.webhookWakeAgainMs,
    finishedAt: null,
  }
  ctx.work.add(...store.restart(before, attempts, ctx.now)).audit(ctx.db, {
    action: "webhooks.delivery.replay",
    entity: "webhook_delivery",
    entityId: id,
    before: { status: before.status },
    after: { webhook_id: webhookId, event_id: before.eventId },
  })
  ctx.work.afterCommit(() => sendMessages(ctx.env, [{ orgId: ctx.orgId, deliveryId: id }]))
  return after
}
