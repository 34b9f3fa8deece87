import { isId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import type { WebhookQuery } from "./schemas.ts"
import { webhookStore } from "./store.ts"
import { toWebhookView } from "./views.ts"

const cursorKind = "webhooks"

/** Oldest first, without secrets: those are shown once. */
export async function listWebhooks(ctx: Ctx, { limit, cursor }: WebhookQuery) {
  const [key] = readCursor(cursorKind, ["string"], cursor) ?? []
  const after = typeof key === "string" && isId("whk", key) ? key : undefined
  const rows = await webhookStore(ctx.db).page({ after, limit: limit + 1 })
  return pageOf(rows, limit, cursorKind, (row) => [row.id], toWebhookView)
}
