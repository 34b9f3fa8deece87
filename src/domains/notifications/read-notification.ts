import type { NotificationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { selfOf } from "./self.ts"
import { notificationStore } from "./store.ts"
import type { NotificationRow } from "./tables.ts"

/** Marks one as read; one that is read already stays as it was. A read mark leaves no audit entry: it is nobody else's business. */
export async function readNotification(ctx: Ctx, id: NotificationId): Promise<Result<NotificationRow>> {
  const store = notificationStore(selfOf(ctx))
  const row = await store.byId(id)
  if (row === undefined) return refuse("NOT_FOUND", "You have no such notification.")
  if (row.readAt !== null) return ok(row)
  ctx.work.add(store.markRead([row.id], ctx.now))
  return ok({ ...row, readAt: ctx.now })
}

/** Marks those as read that are there now, a bounded number: what comes meanwhile was not seen, and stays unread. */
export async function readAllNotifications(ctx: Ctx): Promise<{ readonly marked: number; readonly has_more: boolean }> {
  const store = notificationStore(selfOf(ctx))
  const found = await store.unread(limits.markReadRowsMax + 1)
  const ids = found.slice(0, limits.markReadRowsMax)
  if (ids.length > 0) ctx.work.add(store.markRead(ids, ctx.now))
  return { marked: ids.length, has_more: found.length > ids.length }
}
