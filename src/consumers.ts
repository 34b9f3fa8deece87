import { liveSubscriber } from "./domains/events/index.ts"
import { notificationsSubscriber } from "./domains/notifications/index.ts"
import { webhooksSubscriber } from "./domains/webhooks/index.ts"
import type { Subscriber } from "./platform/events/subscriber.ts"

/** Who is told of events. */
export const subscribers: readonly Subscriber[] = [liveSubscriber, notificationsSubscriber, webhooksSubscriber]
