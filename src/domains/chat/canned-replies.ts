import { type CannedReplyId, newId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { cannedReplyStore } from "./store.ts"
import type { CannedReplyRow } from "./tables.ts"

export function createCannedReply(ctx: Ctx, input: { readonly title: string; readonly content: string }): Omit<CannedReplyRow, "orgId"> {
  const row = { id: newId("crp", ctx.now), ...input, createdBy: ctx.actor.id, createdAt: ctx.now }
  ctx.work
    .add(...cannedReplyStore(ctx.db).insert(row))
    .audit(ctx.db, { action: "chat.canned-reply.create", entity: "canned_reply", entityId: row.id, after: input })
  return row
}

/** @throws RefusalError NOT_FOUND when there is none, also when somebody else was faster. */
export async function deleteCannedReply(ctx: Ctx, id: CannedReplyId): Promise<void> {
  const store = cannedReplyStore(ctx.db)
  const row = await store.byId(id)
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND", detail: "There is no such canned reply." })
  const { title, content } = row
  ctx.work
    .add(store.delete(id), guardChanged("NOT_FOUND"))
    .audit(ctx.db, { action: "chat.canned-reply.delete", entity: "canned_reply", entityId: id, before: { title, content } })
}
