import type { DeliveryId, OrganizationId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Meter } from "../db/meter.ts"
import type { Bindings } from "../env.ts"
import type { Subscriber } from "./subscriber.ts"

/** Who works off the queue's messages, by kind. A handler that throws is given its message again later. */
export type Consumers = {
  readonly subscribers: readonly Subscriber[]
  readonly mails: (env: Bindings, meter: Meter, orgId: OrganizationId, now: Instant) => Promise<void>
  readonly delivery: (env: Bindings, meter: Meter, orgId: OrganizationId, deliveryId: DeliveryId, now: Instant) => Promise<void>
}
