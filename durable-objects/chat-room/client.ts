import type { ConversationId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"

/** The object's name is written nowhere else. */
export const chatRoomOf = (env: Pick<Bindings, "CHAT_ROOM">, conversationId: ConversationId): DurableObjectStub =>
  env.CHAT_ROOM.get(env.CHAT_ROOM.idFromName(conversationId))
