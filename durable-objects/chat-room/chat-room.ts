import { DurableObject } from "cloudflare:workers"
import type { Bindings } from "../../src/platform/env.ts"

export class ChatRoom extends DurableObject<Bindings> {}
