import type { OrganizationId } from "../../kernel/ids.ts"
import type { Bindings, QueueMessage } from "../env.ts"

/** Messages of one call, by the platform's own limit. */
const messagesMax = 100

/** Asks the consumer to hand out what these organizations have waiting. @throws when the queue does not take it. */
export async function queueEvents(env: Pick<Bindings, "EVENTS">, orgIds: readonly OrganizationId[]): Promise<void> {
  await sendAll(
    env.EVENTS,
    orgIds.map((orgId) => ({ kind: "events", org_id: orgId })),
  )
}

/** However many messages, after `delaySeconds`. @throws when the queue does not take them. */
export async function sendAll(
  queue: Pick<Queue<QueueMessage>, "sendBatch">,
  messages: readonly QueueMessage[],
  delaySeconds = 0,
): Promise<void> {
  for (const chunk of inChunks(messages, messagesMax))
    await queue.sendBatch(
      chunk.map((body) => ({ body })),
      { delaySeconds },
    )
}

export const inChunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size))
