import { eventsOf } from "../../platform/events/define-event.ts"
import { webhookView } from "./schemas.ts"

const webhookEvent = eventsOf("webhooks.endpoint.read", webhookView)

export const webhookEvents = {
  created: webhookEvent("webhook.created"),
  updated: webhookEvent("webhook.updated"),
  disabled: webhookEvent("webhook.disabled"),
  deleted: webhookEvent("webhook.deleted"),
} as const
