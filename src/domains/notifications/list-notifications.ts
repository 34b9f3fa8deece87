import type { Ctx } from "../../platform/http/context.ts"
import { pageById } from "../../platform/http/page.ts"
import { selfOf } from "./self.ts"
import { notificationStore } from "./store.ts"
import { toNotificationView } from "./views.ts"

type Query = { readonly limit: number; readonly cursor?: string | undefined; readonly unread?: boolean | undefined }

/** One's own notifications, newest first; one trip. */
export async function listNotifications(ctx: Ctx, { unread, ...query }: Query) {
  const isUnreadOnly = unread === true
  let unreadOfAll = 0
  const page = await pageById(
    isUnreadOnly ? "notifications-unread" : "notifications",
    "ntf",
    query,
    async (within) => {
      const { rows, unreadCount } = await notificationStore(selfOf(ctx)).page({ isUnreadOnly, ...within })
      unreadOfAll = unreadCount
      return rows
    },
    toNotificationView,
  )
  return { ...page, unread_count: unreadOfAll }
}
