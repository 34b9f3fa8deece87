import { limits } from "../../kernel/limits.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { idParams, pageQueryAlone } from "../../platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { createWebhook } from "./create-webhook.ts"
import { deleteWebhook } from "./delete-webhook.ts"
import { listDeliveries } from "./list-deliveries.ts"
import { listWebhooks } from "./list-webhooks.ts"
import { replayDelivery } from "./replay-delivery.ts"
import {
  createdWebhookView,
  createWebhookInput,
  deliveryList,
  deliveryParams,
  deliveryQuery,
  deliveryView,
  updatedWebhookView,
  updateWebhookInput,
  webhookList,
} from "./schemas.ts"
import { updateWebhook } from "./update-webhook.ts"
import { toDeliveryView, toWebhookView } from "./views.ts"

const tag = "Webhooks"

export const webhookEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listWebhooks",
      path: "/webhooks",
      tag,
      summary: "List webhooks",
      description: "Oldest first. Secrets are shown once, when they are made.",
      access: "webhooks.endpoint.read",
      query: pageQueryAlone,
      success: { schema: webhookList, description: "A page of webhooks." },
    },
    (ctx, { query }) => listWebhooks(ctx, query),
  ),
  createEndpoint(
    {
      operationId: "createWebhook",
      path: "/webhooks",
      tag,
      summary: "Have events sent to a URL",
      description:
        "Each event is a POST of `{type, timestamp, data}` with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of Standard Webhooks; any of its libraries verifies them with the secret. An answer of 2xx within ten seconds takes the event; anything else has it sent again, ten times over three days, under the same `webhook-id`: receivers drop what they had. 410 ends it all; redirects are not followed.",
      access: "webhooks.endpoint.manage",
      body: createWebhookInput,
      success: { schema: createdWebhookView, description: "The webhook with its secret." },
      errors: ["CONFLICT"],
    },
    async (ctx, { body }) => {
      const { webhook, secret } = await createWebhook(ctx, body)
      return { view: { ...toWebhookView(webhook), secret }, etag: etagOf(webhook.version) }
    },
  ),
  endpoint(
    {
      operationId: "updateWebhook",
      method: "patch",
      path: "/webhooks/{id}",
      tag,
      summary: "Change a webhook, turn it off or on, rotate its secret",
      description: `After a rotation both secrets sign for ${limits.webhookSecretOverlapHours} hours. What waits for a webhook that is turned off is not sent; it can be replayed.`,
      access: "webhooks.endpoint.manage",
      params: idParams("whk"),
      body: updateWebhookInput,
      success: { status: 200, schema: updatedWebhookView, description: "The webhook as it is now, with the new secret if there is one." },
      errors: ["NOT_FOUND", "INVALID_TRANSITION", "CONFLICT", "VERSION_MISMATCH"],
    },
    async (ctx, { params: { id }, body }) => {
      const { webhook, secret } = await updateWebhook(ctx, id, body)
      return reply.ok({ ...toWebhookView(webhook), ...(secret === undefined ? {} : { secret }) }, { etag: etagOf(webhook.version) })
    },
  ),
  deleteEndpoint(
    {
      operationId: "deleteWebhook",
      path: "/webhooks/{id}",
      tag,
      summary: "Delete a webhook with its deliveries",
      description: "Nothing more is sent, not even what waits for another attempt.",
      access: "webhooks.endpoint.manage",
      params: idParams("whk"),
      success: { description: "Deleted." },
      errors: ["NOT_FOUND", "VERSION_MISMATCH"],
    },
    (ctx, { params: { id } }) => deleteWebhook(ctx, id),
  ),
  listEndpoint(
    {
      operationId: "listWebhookDeliveries",
      path: "/webhooks/{id}/deliveries",
      tag,
      summary: "Deliveries of a webhook with their attempts, newest first",
      description: `Kept for ${limits.webhookDeliveryDaysKept} days. With \`status\`, ${limits.filterScanRowsMax} deliveries are looked at: a page may then be short and \`next_cursor\` goes on from where it stopped.`,
      access: "webhooks.endpoint.read",
      params: idParams("whk"),
      query: deliveryQuery,
      success: { schema: deliveryList, description: "A page of deliveries." },
      errors: ["NOT_FOUND"],
    },
    (ctx, { params: { id }, query }) => listDeliveries(ctx, id, query),
  ),
  endpoint(
    {
      operationId: "replayWebhookDelivery",
      method: "post",
      path: "/webhooks/{id}/deliveries/{delivery_id}/replay",
      tag,
      summary: "Send an event again",
      description:
        "Under the `webhook-id` it had, with as many attempts as the first time. One that is still being tried cannot be replayed.",
      access: "webhooks.endpoint.manage",
      params: deliveryParams,
      success: { status: 200, schema: deliveryView, description: "The delivery, waiting for its attempt." },
      errors: ["NOT_FOUND", "INVALID_TRANSITION"],
    },
    async (ctx, { params }) => reply.ok(toDeliveryView(await replayDelivery(ctx, params.id, params.delivery_id))),
  ),
]
