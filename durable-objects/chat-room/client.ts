import type { ConversationId } from "../../src/kernel/ids.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { callObject } from "../shared/call-object.ts"
import type { ChatRoomRpc } from "./rpc.ts"

export type { ChatRoomRpc, Presence, Readers, Resumed } from "./rpc.ts"

/** Calls a conversation's room; the object's name is written nowhere else. Everything it offers may be repeated. */
export const callRoom = <T>(
  env: Pick<Bindings, "CHAT_ROOM">,
  conversationId: ConversationId,
  use: (room: ChatRoomRpc) => Promise<T>,
  meter?: Meter,
): Promise<T> => callObject(env.CHAT_ROOM, conversationId, use, { meter })
