import type { UserId } from "../../src/kernel/ids.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { callObject } from "../shared/call-object.ts"
import type { ChatInboxRpc, SocketFacts } from "./rpc.ts"

export { hasLink, isListed } from "./acquaintance.ts"
export { findRecipient } from "./recipients.ts"
export type { ChatInboxRpc, ConversationState, Delivered, EphemeralFrame, SocketFacts } from "./rpc.ts"

/** Calls a user's inbox; the object's name is written nowhere else. Everything it offers may be repeated, save `redeemTicket`, which then finds nothing. */
export const callInbox = <T>(
  env: Pick<Bindings, "CHAT_INBOX">,
  userId: UserId,
  use: (inbox: ChatInboxRpc) => Promise<T>,
  meter?: Meter,
): Promise<T> => callObject(env.CHAT_INBOX, userId, use, { meter })

export const socketFactsHeader = "x-waybill-socket"

/** Opens a socket in the user's inbox: a request of our own, so that nothing of the client's reaches the object but its frames. */
export async function openSocket(env: Pick<Bindings, "CHAT_INBOX">, facts: SocketFacts, meter: Meter): Promise<WebSocket> {
  const headers = { upgrade: "websocket", [socketFactsHeader]: encodeURIComponent(JSON.stringify(facts)) }
  const opened = await callObject(env.CHAT_INBOX, facts.userId, (inbox) => inbox.fetch("https://chat-inbox/socket", { headers }), {
    meter,
    isOnce: true,
  })
  if (opened.webSocket === null) throw new Error(`the inbox opened no socket: ${opened.status}`)
  return opened.webSocket
}
