import { sql } from "drizzle-orm"
import { newId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { guard } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { webhookEvents } from "./events.ts"
import type { CreateWebhook } from "./schemas.ts"
import { newSecret, withNewSecret } from "./signing.ts"
import { webhookStore } from "./store.ts"
import type { EndpointRow } from "./tables.ts"
import { parseTarget } from "./target.ts"
import { toWebhookView } from "./views.ts"
import { assertSeeable, seeableBy } from "./visibility.ts"

/** @throws RefusalError VALIDATION_FAILED for a URL that nothing may be sent to. */
export function targetOf(ctx: Ctx, url: string): string {
  const target = parseTarget(url, ctx.config.WEBHOOK_PRIVATE_TARGETS)
  if (!target.ok) throw invalidAt("/url", target.error, "TARGET_REFUSED")
  return target.value
}

/** An endpoint with its first secret. @throws RefusalError VALIDATION_FAILED, FORBIDDEN; CONFLICT at commit, past the limit. */
export async function createWebhook(ctx: Ctx, input: CreateWebhook): Promise<{ webhook: EndpointRow; secret: string }> {
  assertSeeable(ctx.actor, input.event_types)
  const url = targetOf(ctx, input.url)
  const id = newId("whk", ctx.now)
  const secret = newSecret()
  const webhook: EndpointRow = {
    orgId: ctx.orgId,
    id,
    url,
    description: input.description ?? null,
    eventTypes: input.event_types,
    permissions: seeableBy(ctx.actor),
    status: "ACTIVE",
    disabledReason: null,
    ...(await withNewSecret(ctx.config.JWT_KEYS, { orgId: ctx.orgId, id }, secret, [])),
    failures: 0,
    failingSince: null,
    pausedUntil: null,
    createdBy: ctx.actor.id,
    version: 1,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  const view = toWebhookView(webhook)
  ctx.work
    .add(
      webhookStore(ctx.db).insert(webhook),
      guard("CONFLICT", sql`(select count(*) from webhook_endpoints where org_id = ${ctx.orgId}) <= ${limits.webhooksMax}`),
    )
    .audit(ctx.db, { action: "webhooks.endpoint.create", entity: "webhook", entityId: id, after: view })
    .event(ctx.db, webhookEvents.created, view)
  return { webhook, secret }
}
