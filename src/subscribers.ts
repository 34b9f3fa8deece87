import { notificationsSubscriber } from "./domains/notifications/index.ts"
import { webhooksSubscriber } from "./domains/webhooks/index.ts"
import type { Subscriber } from "./platform/events/subscriber.ts"

/** Who does something about events, beside the live feed. */
export const subscribers: readonly Subscriber[] = [notificationsSubscriber, webhooksSubscriber]
