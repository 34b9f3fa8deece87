import { z } from "@hono/zod-openapi"
import { isId, type NotificationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { flagInput, idView, instantView, lazily, pageQuery } from "../../platform/http/schemas.ts"
import { topics } from "./topics.ts"

const exampleId = "ntf_01jd8x2y3zf4g5h6j7k8m9n0pq"

const notificationView = lazily(() =>
  z
    .object({
      id: idView("ntf"),
      type: z.string().openapi({ description: "The event's type.", example: "order.accepted" }),
      title: z.string().openapi({ example: "Order SO-1042 at Green Valley Farms was accepted" }),
      body: z.string().openapi({ description: "Further lines; may be empty.", example: "Total: 119.80 USD\nBy: Mara Manager" }),
      subject: z
        .object({ kind: z.string().openapi({ example: "order" }), id: z.string().openapi({ example: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq" }) })
        .nullable()
        .openapi({ description: "What it is about." }),
      is_read: z.boolean().openapi({ example: false }),
      read_at: instantView.nullable().openapi({ example: null }),
      created_at: instantView,
    })
    .openapi("Notification"),
)

const unreadCount = z.int().openapi({
  description: `How many are unread; ${limits.unreadCountMax} means that many or more, and is shown as ${limits.unreadCountMax - 1}+.`,
  example: 3,
})

export const notificationList = lazily(() =>
  z
    .object({
      data: z.array(notificationView),
      next_cursor: z.string().nullable().openapi({ description: "Null on the last page.", example: null }),
      unread_count: unreadCount,
    })
    .openapi("NotificationList"),
)

export const notificationQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    unread: flagInput().optional().openapi({ type: "boolean", description: "true: only those that are not read." }),
  }),
)

/** One notification, or all of them. */
export const readParams = lazily(() =>
  z.strictObject({
    id: z
      .string()
      .refine((text): text is NotificationId | "all" => text === "all" || isId("ntf", text), {
        error: "Must be an id that starts with ntf_, or the word all.",
      })
      .transform((text) => text as NotificationId | "all")
      .openapi({
        type: "string",
        pattern: "^(ntf_[0-7][0-9a-hjkmnp-tv-z]{25}|all)$",
        description: "A notification's id, or `all`.",
        example: exampleId,
      }),
  }),
)

const allRead = lazily(() =>
  z
    .object({
      marked: z.int().openapi({ description: "How many became read by this.", example: 7 }),
      has_more: z.boolean().openapi({ description: "Whether unread ones are left, for which `all` is to be sent again.", example: false }),
    })
    .openapi("AllNotificationsRead"),
)

export const readView = lazily(() => z.union([notificationView, allRead]))

const channel = (what: string) => z.boolean().openapi({ description: what, example: true })

const preferenceView = lazily(() =>
  z.object({
    type: z.string().openapi({ example: "order.accepted" }),
    description: z.string().openapi({ example: "An order was accepted." }),
    in_app: channel("Whether it is told in the app."),
    mail: channel("Whether it is told by mail."),
    offers_mail: z.boolean().openapi({ description: "Whether there is a mail of this type; if not, mail stays false.", example: true }),
    is_default: z.boolean().openapi({ description: "Whether this is as it is for everybody who chose nothing.", example: true }),
  }),
)

export const preferencesView = lazily(() =>
  z
    .object({ preferences: z.array(preferenceView), version: z.int().openapi({ description: "0 until something is chosen.", example: 1 }) })
    .openapi("NotificationPreferences"),
)

const typeNames = Object.keys(topics) as [string, ...string[]]

const preferenceInput = lazily(() =>
  z.strictObject({
    type: z.enum(typeNames).openapi({ example: "order.accepted" }),
    in_app: z.boolean().optional().openapi({ description: "Left out: as by default.", example: true }),
    mail: z.boolean().optional().openapi({ description: "Left out: as by default.", example: false }),
  }),
)

export const preferencesInput = lazily(() =>
  z.strictObject({ preferences: z.array(preferenceInput).max(typeNames.length) }).openapi("SetNotificationPreferences", {
    description: "Replaces what was chosen before: a type that is not named is told as by default.",
    example: { preferences: [{ type: "order.accepted", in_app: true, mail: false }] },
  }),
)

export type PreferencesInput = z.output<typeof preferencesInput>

const ofLink = (description: string, example: string) => z.string().openapi({ description, example })

/** A link from a mail. Its signature says whether the rest holds. */
export const unsubscribeQuery = z.strictObject({
  org: ofLink("The organization.", "org_01jd8x2y3zf4g5h6j7k8m9n0pq").max(64),
  user: ofLink("Who got the mail.", "usr_01jd8x2y3zf4g5h6j7k8m9n0pq").max(64),
  type: z.enum(typeNames).openapi({ description: "The event type.", example: "order.accepted" }),
  signature: ofLink("Ours over all of the above.", "0".repeat(64)).length(64),
})

export const unsubscribedView = z
  .object({ type: z.string().openapi({ example: "order.accepted" }), mail: z.literal(false).openapi({ example: false }) })
  .openapi("Unsubscribed")
