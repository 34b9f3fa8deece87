import type { DeliveryId, OrganizationId } from "../../kernel/ids.ts"
import type { Bindings, QueueMessage } from "../../platform/env.ts"
import { sendAll } from "../../platform/events/queue.ts"
import { describeError, log } from "../../platform/log/log.ts"

type Due = { readonly orgId: OrganizationId; readonly deliveryId: DeliveryId }

const messageOf = ({ orgId, deliveryId }: Due): QueueMessage => ({ kind: "delivery", org_id: orgId, delivery_id: deliveryId })

/** Wakes deliveries, after `delaySeconds`. Never throws: rows that hear of nothing are woken by the sweep. */
export async function sendMessages(env: Pick<Bindings, "WEBHOOKS">, due: readonly Due[], delaySeconds = 0): Promise<void> {
  try {
    await sendAll(env.WEBHOOKS, due.map(messageOf), delaySeconds)
  } catch (error) {
    log.warn("webhook deliveries wait for the sweep", { deliveries: due.length, error: describeError(error) })
  }
}
