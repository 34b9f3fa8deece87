import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { enumInput, idSchema, idView, instantView, lazily, listOf, pageQuery, textInput } from "../../platform/http/schemas.ts"
import { attemptErrors, deliveryStatuses, disabledReasons, endpointStatuses, failureReasons } from "./rules.ts"

const urlInput = z.string().min(1).max(limits.webhookUrlCharsMax).openapi({
  format: "uri",
  example: "https://hooks.green-valley.example/waybill",
  description: "https, port 443 or 8443, a public host, and no user name or password.",
})

const eventTypesInput = z
  .array(z.string().regex(/^(?:\*|[a-z_]+\.[a-z_]+)$/, "Must be the name of an event type, such as order.accepted, or *."))
  .min(1)
  .max(limits.webhookEventTypesMax)
  .transform((given) => [...new Set(given)])
  .refine((types) => types.length === 1 || !types.includes("*"), "* stands alone.")
  .openapi({
    example: ["order.placed", "order.accepted"],
    description: "Names of event types, or `*` alone for all that its editor may see.",
  })

const descriptionInput = textInput(limits.nameCharsMax).openapi({ example: "Orders to our accounting" })

export const createWebhookInput = lazily(() =>
  z.strictObject({ url: urlInput, event_types: eventTypesInput, description: descriptionInput.optional() }).openapi("CreateWebhook"),
)
export type CreateWebhook = z.output<typeof createWebhookInput>

export const updateWebhookInput = lazily(() =>
  z
    .strictObject({
      url: urlInput.optional(),
      event_types: eventTypesInput.optional(),
      description: descriptionInput.optional(),
      status: enumInput(endpointStatuses).optional(),
      rotate_secret: z
        .literal(true)
        .optional()
        .openapi({ description: `Makes a new secret; the one before signs along for ${limits.webhookSecretOverlapHours} hours.` }),
    })
    .openapi("UpdateWebhook", { example: { event_types: ["order.placed"], rotate_secret: true } }),
)
export type UpdateWebhook = z.output<typeof updateWebhookInput>

const webhookFields = () => ({
  id: idView("whk"),
  url: z.string(),
  description: z.string().nullable(),
  event_types: z.array(z.string()),
  status: z.enum(endpointStatuses),
  disabled_reason: z.enum(disabledReasons).nullable().openapi({
    description:
      "MANUAL: by somebody. GONE: it answered 410. FAILING: it took nothing for days. TARGET_REFUSED: the URL is no longer allowed. SECRET_UNREADABLE: rotate the secret.",
  }),
  failing_since: instantView.nullable().openapi({ description: "When the first of the failures began that nothing has ended since." }),
  previous_secret_expires_at: instantView
    .nullable()
    .openapi({ description: "Until then the secret before the last rotation signs along." }),
  created_by: z.string().nullable(),
  created_at: instantView,
  updated_at: instantView,
  version: z.int(),
})

const webhookExample = {
  id: "whk_01jd8x2y3zf4g5h6j7k8m9n0pq",
  url: "https://hooks.green-valley.example/waybill",
  description: "Orders to our accounting",
  event_types: ["order.placed", "order.accepted"],
  status: "ACTIVE" as const,
  disabled_reason: null,
  failing_since: null,
  previous_secret_expires_at: null,
  created_by: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq",
  created_at: "2026-01-31T09:30:00.000Z",
  updated_at: "2026-01-31T09:30:00.000Z",
  version: 1,
}

export const webhookView = lazily(() => z.object(webhookFields()).openapi("Webhook", { example: webhookExample }))
export type WebhookView = z.output<typeof webhookView>
export const webhookList = listOf(webhookView, "WebhookList")

const secretView = z.string().nullable()
const secretExample = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

export const createdWebhookView = lazily(() =>
  z
    .object({
      ...webhookFields(),
      secret: secretView.openapi({
        description: "Verifies signatures. Shown this once; null in the answer to a repeated Idempotency-Key.",
      }),
    })
    .openapi("CreatedWebhook", { example: { ...webhookExample, secret: secretExample } }),
)

export const updatedWebhookView = lazily(() =>
  z
    .object({
      ...webhookFields(),
      secret: secretView.optional().openapi({ description: "The new secret, where one was asked for; shown this once." }),
    })
    .openapi("UpdatedWebhook", { example: { ...webhookExample, version: 2 } }),
)

const attemptView = lazily(() =>
  z
    .object({
      at: instantView,
      status: z.int().nullable().openapi({ description: "The answer's HTTP status; null without an answer.", example: 503 }),
      error: z.enum(attemptErrors).nullable().openapi({
        description:
          "STATUS: no 2xx. REDIRECT: a 3xx, never followed. NOT_SENT: the webhook could not be sent to, see its disabled_reason. Null with neither status nor error: under way, or its end was not seen and the event is sent again.",
        example: "STATUS",
      }),
      duration_ms: z.int().nullable().openapi({ example: 41 }),
      answer: z
        .string()
        .nullable()
        .openapi({
          description: `The first ${limits.webhookAnswerBytesRead} bytes of an answer that was no success.`,
          example: "try later",
        }),
    })
    .openapi("WebhookAttempt"),
)

export const deliveryView = lazily(() =>
  z
    .object({
      id: idView("dlv"),
      webhook_id: idView("whk"),
      event_id: idView("evt").openapi({ description: "Also the `webhook-id` header of every attempt." }),
      event_type: z.string().openapi({ example: "order.accepted" }),
      status: z.enum(deliveryStatuses),
      failure_reason: z.enum(failureReasons).nullable().openapi({
        description: "EXHAUSTED: every attempt of three days failed. GONE: it answered 410. The others: it was not tried any more.",
      }),
      attempts: z.array(attemptView),
      next_attempt_at: instantView.nullable(),
      created_at: instantView,
      finished_at: instantView.nullable(),
    })
    .openapi("WebhookDelivery"),
)
export type DeliveryView = z.output<typeof deliveryView>
export const deliveryList = listOf(deliveryView, "WebhookDeliveryList")

export const deliveryQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    status: enumInput(deliveryStatuses).optional().openapi({ example: "FAILED" }),
  }),
)
export type DeliveryQuery = z.output<typeof deliveryQuery>

export const deliveryParams = lazily(() =>
  z.strictObject({
    id: idSchema("whk"),
    delivery_id: idSchema("dlv"),
  }),
)
