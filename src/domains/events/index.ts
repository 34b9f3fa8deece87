import { eventHubOf } from "../../../durable-objects/event-hub/client.ts"
import { limits } from "../../kernel/limits.ts"
import { inChunks } from "../../platform/events/queue.ts"
import type { Subscriber } from "../../platform/events/subscriber.ts"

/** The only way into this domain. */
export { eventEndpoints } from "./http.ts"

/** The live feed, which is told once more by the queue: whoever was to tell it when it happened may have failed to. */
export const liveSubscriber: Subscriber = {
  name: "live",
  plan: async () => [],
  async afterwards(env, told) {
    for (const chunk of inChunks([...new Set(told.map(({ orgId }) => orgId))], limits.eventCallsAtOnce))
      await Promise.all(chunk.map((orgId) => eventHubOf(env, orgId).poke()))
  },
}
