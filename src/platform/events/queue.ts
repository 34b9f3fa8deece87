import type { OrganizationId } from "../../kernel/ids.ts"
import type { Bindings } from "../env.ts"

/** Messages of one call, by the platform's own limit. */
const messagesMax = 100

/** Asks the consumer to hand out what these organizations have waiting. @throws when the queue does not take it. */
export async function queueEvents(env: Pick<Bindings, "EVENTS">, orgIds: readonly OrganizationId[]): Promise<void> {
  for (const chunk of inChunks(orgIds, messagesMax))
    await env.EVENTS.sendBatch(chunk.map((orgId) => ({ body: { kind: "events", org_id: orgId } })))
}

export const inChunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size))
