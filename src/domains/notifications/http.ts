import { z } from "@hono/zod-openapi"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint, publicEndpoint } from "../../platform/http/endpoint.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { listEndpoint } from "../../platform/http/verbs.ts"
import { listNotifications } from "./list-notifications.ts"
import { type Preferences, readPreferences, setPreferences } from "./preferences.ts"
import { readAllNotifications, readNotification } from "./read-notification.ts"
import {
  notificationList,
  notificationQuery,
  preferencesInput,
  preferencesView,
  readParams,
  readView,
  unsubscribedView,
  unsubscribeQuery,
} from "./schemas.ts"
import { subscriptionOf, unsubscribe, unsubscribePage, unsubscribePath } from "./unsubscribe.ts"
import { toNotificationView, toPreferencesView } from "./views.ts"

const tag = "Notifications"

const shown = ({ actor }: Ctx, { choices, version }: Preferences) =>
  reply.ok(toPreferencesView(choices, version, actor.permissions), { etag: etagOf(version) })

/** Open to whoever is signed in, or holds a mail's link: all of it is one's own. */
export const notificationEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listNotifications",
      path: "/notifications",
      tag,
      summary: "My notifications, newest first, with how many are unread",
      description: "What happened in the organization and concerns the person who asks. API keys have none.",
      access: "signed-in",
      query: notificationQuery,
      success: { schema: notificationList, description: "A page of notifications." },
    },
    (ctx, { query }) => listNotifications(ctx, query),
  ),
  endpoint(
    {
      operationId: "readNotification",
      method: "post",
      path: "/notifications/{id}/read",
      tag,
      summary: "Mark a notification as read, or all of them",
      description:
        "`all` in place of an id marks at most 500, the newest first, and says whether there are more. What is read already stays as it was.",
      access: "signed-in",
      params: readParams,
      success: { status: 200, schema: readView, description: "The notification, now read; or how many were marked." },
      errors: ["IDEMPOTENCY_KEY_REUSED"],
      allowedWhenDeactivated: true,
    },
    async (ctx, { params }) => {
      if (params.id === "all") return reply.ok(await readAllNotifications(ctx))
      const result = await readNotification(ctx, params.id)
      return result.ok ? reply.ok(toNotificationView(result.value)) : result
    },
  ),
  endpoint(
    {
      operationId: "getNotificationPreferences",
      method: "get",
      path: "/notifications/preferences",
      tag,
      summary: "What I am told of, by event type and channel",
      description: "Lists the types that my permissions show. What I did not choose follows my roles.",
      access: "signed-in",
      success: { status: 200, schema: preferencesView, description: "The preferences." },
    },
    async (ctx) => shown(ctx, await readPreferences(ctx)),
  ),
  endpoint(
    {
      operationId: "setNotificationPreferences",
      method: "put",
      path: "/notifications/preferences",
      tag,
      summary: "Choose what I am told of, by event type and channel",
      description:
        "Replaces what was chosen before; what is left out is told as by default. Nobody is told of what they did themselves or may not see, whatever they choose.",
      access: "signed-in",
      body: preferencesInput,
      success: { status: 200, schema: preferencesView, description: "The preferences as they are now." },
      errors: ["VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      allowedWhenDeactivated: true,
    },
    async (ctx, { body }) => shown(ctx, await setPreferences(ctx, body)),
  ),
  publicEndpoint(
    {
      operationId: "confirmUnsubscribe",
      method: "get",
      path: unsubscribePath,
      tag,
      summary: "The page behind a mail's link, with a button that turns such mails off",
      description: "The link in a mail's footer. Following it changes nothing; the button does.",
      access: "public",
      query: unsubscribeQuery,
      success: {
        status: 200,
        description: "The page.",
        contentType: "text/html",
        schema: z.string().openapi({ example: "<!doctype html>…" }),
      },
      errors: ["UNAUTHENTICATED"],
    },
    async (ctx) => unsubscribePage(await subscriptionOf(ctx)),
  ),
  publicEndpoint(
    {
      operationId: "unsubscribe",
      method: "post",
      path: unsubscribePath,
      tag,
      summary: "Turn off mails of one type by a mail's own link (RFC 8058)",
      description:
        "The signature stands for the person the mail went to, so no token is needed. Turns off mail for that type and person, nothing else. Any body is ignored, such as the List-Unsubscribe=One-Click of mail programs.",
      access: "public",
      query: unsubscribeQuery,
      success: { status: 200, schema: unsubscribedView, description: "There will be no more mails of this type." },
      errors: ["UNAUTHENTICATED"],
    },
    async (ctx) => {
      const subscription = await subscriptionOf(ctx)
      await unsubscribe(ctx, subscription)
      return reply.ok({ type: subscription.type, mail: false })
    },
  ),
]
