import { DurableObject } from "cloudflare:workers"
import type { Bindings } from "../../src/platform/env.ts"

export class EventHub extends DurableObject<Bindings> {}
