import type { OrganizationId, UserId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { callObject } from "../shared/call-object.ts"

export type EventHubRpc = { join(userId: UserId): Promise<void>; leave(userId: UserId): Promise<void> }

/** An organization's live feed; the object's name is written nowhere else. */
export const eventHubOf = (env: Pick<Bindings, "EVENT_HUB">, orgId: OrganizationId): EventHubRpc => ({
  join: (userId) => callObject<EventHubRpc, void>(env.EVENT_HUB, orgId, (hub) => hub.join(userId)),
  leave: (userId) => callObject<EventHubRpc, void>(env.EVENT_HUB, orgId, (hub) => hub.leave(userId)),
})
