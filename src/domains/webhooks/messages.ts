import type { DeliveryId, OrganizationId } from "../../kernel/ids.ts"
import type { Bindings, QueueMessage } from "../../platform/env.ts"
import { describeError, log } from "../../platform/log/log.ts"

/** What a Queue takes in one call. */
const messagesPerBatch = 100

type Due = { readonly orgId: OrganizationId; readonly deliveryId: DeliveryId }

const messageOf = ({ orgId, deliveryId }: Due): QueueMessage => ({ kind: "delivery", org_id: orgId, delivery_id: deliveryId })

/** Wakes deliveries, after `delaySeconds`. Never throws: rows that hear of nothing are woken by the sweep. */
export async function sendMessages(env: Pick<Bindings, "WEBHOOKS">, due: readonly Due[], delaySeconds = 0): Promise<void> {
  try {
    for (let start = 0; start < due.length; start += messagesPerBatch) {
      const batch = due.slice(start, start + messagesPerBatch)
      await env.WEBHOOKS.sendBatch(
        batch.map((one) => ({ body: messageOf(one) })),
        { delaySeconds },
      )
    }
  } catch (error) {
    log.warn("webhook deliveries wait for the sweep", { deliveries: due.length, error: describeError(error) })
  }
}
