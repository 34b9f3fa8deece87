import type { UserId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"

/** The object's name is written nowhere else. */
export const chatInboxOf = (env: Pick<Bindings, "CHAT_INBOX">, userId: UserId): DurableObjectStub =>
  env.CHAT_INBOX.get(env.CHAT_INBOX.idFromName(userId))
