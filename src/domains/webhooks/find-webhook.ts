import type { WebhookId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { webhookStore } from "./store.ts"
import type { EndpointRow } from "./tables.ts"

/** @throws RefusalError NOT_FOUND; VERSION_MISMATCH when If-Match names another version. */
export async function findWebhook(ctx: Ctx, id: WebhookId): Promise<EndpointRow> {
  const row = await webhookStore(ctx.db).byId(id)
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  assertVersion(ctx, row)
  return row
}
