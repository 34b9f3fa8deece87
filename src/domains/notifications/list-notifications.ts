import type { NotificationId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import { selfOf } from "./self.ts"
import { notificationStore } from "./store.ts"
import { toNotificationView } from "./views.ts"

type Query = { readonly limit: number; readonly cursor?: string | undefined; readonly unread?: boolean | undefined }

/** One's own notifications, newest first; one trip. */
export async function listNotifications(ctx: Ctx, { limit, cursor, unread }: Query) {
  const isUnreadOnly = unread === true
  const kind = isUnreadOnly ? "notifications-unread" : "notifications"
  const [after] = readCursor(kind, ["string"], cursor) ?? []
  const { rows, unreadCount } = await notificationStore(selfOf(ctx)).page({
    isUnreadOnly,
    after: after as NotificationId | undefined,
    rowsMax: limit + 1,
  })
  return { ...pageOf(rows, limit, kind, (row) => [row.id], toNotificationView), unread_count: unreadCount }
}
