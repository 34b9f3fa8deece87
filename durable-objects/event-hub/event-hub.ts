import { DurableObject } from "cloudflare:workers"
import type { UserId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"
import type { EventHubRpc } from "./client.ts"

export class EventHub extends DurableObject<Bindings> implements EventHubRpc {
  async join(_userId: UserId): Promise<void> {}
  async leave(_userId: UserId): Promise<void> {}
}
