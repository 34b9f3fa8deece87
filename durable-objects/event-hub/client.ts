import type { OrganizationId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"

/** The object's name is written nowhere else. */
export const eventHubOf = (env: Pick<Bindings, "EVENT_HUB">, orgId: OrganizationId): DurableObjectStub =>
  env.EVENT_HUB.get(env.EVENT_HUB.idFromName(orgId))
