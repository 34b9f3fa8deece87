import type { Subscriber } from "../../platform/events/subscriber.ts"
import type { Endpoint } from "../../platform/http/endpoint.ts"

/** The only way into this domain. */
export const webhookEndpoints: readonly Endpoint[] = []

export const webhooksSubscriber: Subscriber = { name: "webhooks", plan: async () => [] }
