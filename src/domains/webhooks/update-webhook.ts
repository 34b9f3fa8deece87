import { mayMove } from "../../kernel/flow.ts"
import type { WebhookId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { targetOf } from "./create-webhook.ts"
import { webhookEvents } from "./events.ts"
import { findWebhook } from "./find-webhook.ts"
import { type EndpointStatus, endpointFlow, outgoingSecrets, validSecrets } from "./rules.ts"
import type { UpdateWebhook } from "./schemas.ts"
import { newSecret, withNewSecret } from "./signing.ts"
import { webhookStore } from "./store.ts"
import type { EndpointRow } from "./tables.ts"
import { toWebhookView } from "./views.ts"
import { assertMayEdit, assertSeeable, seeableBy } from "./visibility.ts"

/**
 * Changes an endpoint, which from then on gets what its editor may see, and gives it a new secret where asked to.
 * @throws RefusalError NOT_FOUND, VERSION_MISMATCH, FORBIDDEN, VALIDATION_FAILED, INVALID_TRANSITION; CONFLICT for rotations without end.
 */
export async function updateWebhook(
  ctx: Ctx,
  id: WebhookId,
  patch: UpdateWebhook,
): Promise<{ webhook: EndpointRow; secret: string | undefined }> {
  const before = await findWebhook(ctx, id)
  assertMayEdit(ctx.actor, before)
  if (patch.event_types !== undefined) assertSeeable(ctx.actor, patch.event_types)
  const secret = patch.rotate_secret === true ? newSecret() : undefined
  const after: EndpointRow = {
    ...before,
    ...(patch.url === undefined ? {} : { url: targetOf(ctx, patch.url) }),
    ...(patch.event_types === undefined ? {} : { eventTypes: patch.event_types }),
    ...(patch.description === undefined ? {} : { description: patch.description }),
    ...(patch.status === undefined ? {} : movedTo(before, patch.status)),
    ...(secret === undefined ? {} : await rotated(ctx, before, secret)),
    permissions: seeableBy(ctx.actor),
    version: before.version + 1,
    updatedAt: ctx.now,
  }
  const change = { entity: "webhook", entityId: id, before: toWebhookView(before), after: toWebhookView(after) }
  ctx.work.add(...webhookStore(ctx.db).replace(before, after)).audit(ctx.db, { action: "webhooks.endpoint.update", ...change })
  if (secret !== undefined) ctx.work.audit(ctx.db, { action: "webhooks.secret.rotate", ...change })
  ctx.work.event(ctx.db, webhookEvents.updated, toWebhookView(after))
  return { webhook: after, secret }
}

/** Whoever turns an endpoint on again begins with a clean slate. */
function movedTo(
  { status }: EndpointRow,
  to: EndpointStatus,
): Pick<EndpointRow, "status" | "disabledReason" | "failures" | "failingSince" | "pausedUntil"> {
  if (!mayMove(endpointFlow, status, to))
    throw new RefusalError({ code: "INVALID_TRANSITION", current: status, allowed: endpointFlow[status] })
  return { status: to, disabledReason: to === "DISABLED" ? "MANUAL" : null, failures: 0, failingSince: null, pausedUntil: null }
}

/** INV-WHK-4: the secret before signs along for a day. */
async function rotated(ctx: Ctx, before: EndpointRow, secret: string): Promise<Pick<EndpointRow, "secrets" | "sealedBy">> {
  if (validSecrets(before.secrets, ctx.now).length >= limits.webhookSecretsMax) {
    throw new RefusalError({
      code: "CONFLICT",
      detail: `At most ${limits.webhookSecretsMax} secrets sign at once; the oldest ends ${limits.webhookSecretOverlapHours} hours after its rotation.`,
    })
  }
  return withNewSecret(ctx.config.JWT_KEYS, before, secret, outgoingSecrets(before.secrets, ctx.now))
}
