import { liveSubscriber } from "./domains/events/index.ts"
import { notificationsSubscriber, sendMails } from "./domains/notifications/index.ts"
import { deliver, webhooksSubscriber } from "./domains/webhooks/index.ts"
import type { Consumers } from "./platform/events/consumers.ts"

/** Who is told of events, and who works off what that leaves. */
export const consumers: Consumers = {
  subscribers: [liveSubscriber, notificationsSubscriber, webhooksSubscriber],
  mails: (env, meter, orgId, now) => sendMails(env, meter, orgId, now),
  delivery: deliver,
}
