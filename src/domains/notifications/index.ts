import type { Subscriber } from "../../platform/events/subscriber.ts"
import type { Endpoint } from "../../platform/http/endpoint.ts"

/** The only way into this domain. */
export const notificationEndpoints: readonly Endpoint[] = []

export const notificationsSubscriber: Subscriber = { name: "notifications", plan: async () => [] }
