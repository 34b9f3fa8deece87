import { defineEvent } from "../../platform/events/define-event.ts"
import { webhookView } from "./schemas.ts"

export const webhookEvents = {
  created: defineEvent("webhook.created", "webhooks.endpoint.read", webhookView),
  updated: defineEvent("webhook.updated", "webhooks.endpoint.read", webhookView),
  disabled: defineEvent("webhook.disabled", "webhooks.endpoint.read", webhookView),
  deleted: defineEvent("webhook.deleted", "webhooks.endpoint.read", webhookView),
} as const
