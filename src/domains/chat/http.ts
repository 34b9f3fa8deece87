import type { ConversationId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageById, pageByKey, pageOf, readCursor } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams, type PageQuery, pageQueryAlone } from "../../platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { createCannedReply, deleteCannedReply } from "./canned-replies.ts"
import { listConversations, markRead, readConversation, readerIdOf } from "./conversations.ts"
import { openChatSocket } from "./open-chat-socket.ts"
import { readHistory } from "./read-history.ts"
import { type MessageFacts, messageView } from "./rules.ts"
import {
  cannedReplyList,
  cannedReplyView,
  conversationList,
  conversationParams,
  createCannedReplyInput,
  historyParams,
  markReadInput,
  messageList,
  readMarkView,
  socketQuery,
  ticketView,
} from "./schemas.ts"
import { cannedReplyStore } from "./store.ts"
import { issueTicket } from "./tickets.ts"
import { toCannedReplyView, toConversationView } from "./views.ts"

const messagesKind = "chat-messages"

const tag = "Chat"

/** A page of messages, newest first. `read` looks for at most `rowsMax` of them before the sequence number `before`. */
async function pageOfMessages(
  ctx: Ctx,
  { cursor, limit }: PageQuery,
  read: (before: number | undefined, rowsMax: number) => Promise<Result<readonly MessageFacts[]>>,
) {
  const before = readCursor(messagesKind, ["number"], cursor)?.[0] as number | undefined
  const found = await read(before, limit + 1)
  if (!found.ok) return found
  const reader = readerIdOf(ctx)
  return pageOf(
    found.value,
    limit,
    messagesKind,
    ({ seq }) => [seq],
    (message) => messageView(message, reader),
  )
}

export const chatEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "openChatSocket",
      method: "get",
      path: "/chat/ws",
      tag,
      summary: "Open the chat's WebSocket",
      description:
        "One socket carries all conversations of the user. Open it with `?ticket=` of `POST /chat/tickets`, or with `Sec-WebSocket-Protocol: waybill.v1, bearer.<access token>`; an access token in the address is refused. Frames are JSON texts: `{client_id, recipient_id | conversation_id, content, attachment_ids?, attachment_url?, product_ids?, complaint_id?}` sends a message and is answered by `{type: ack, client_id, id, seq}`; `{type: resume, after: {conversation_id: seq}}` brings what was missed; `{type: read, conversation_id, up_to_seq}`, `{type: typing, conversation_id}` and `{type: ping}` are the others. Close codes: 1008 too many frames, 4401 the token has expired, 4403 access was revoked, 4409 another socket took its place.",
      access: "chat.message.read",
      query: socketQuery,
      success: { status: 101, description: "The socket; the subprotocol is `waybill.v1` where it was offered." },
      errors: ["NOT_FOUND"],
      isSocket: true,
    },
    async (ctx) => {
      const opened = await openChatSocket(ctx)
      return opened.ok ? opened.value : opened
    },
  ),
  endpoint(
    {
      operationId: "issueChatTicket",
      method: "post",
      path: "/chat/tickets",
      tag,
      summary: "Get a one-time ticket for the WebSocket",
      description: "Good once, for 30 seconds, with the rights of the token it was asked for with: so that no token stands in an address.",
      access: "chat.message.read",
      success: { status: 201, schema: ticketView, description: "The ticket." },
      errors: ["NOT_FOUND"],
      allowedWhenDeactivated: true,
    },
    async (ctx) => {
      const issued = await issueTicket(ctx)
      if (!issued.ok) return issued
      const { ticket, expiresAt } = issued.value
      return reply.created(
        {
          ticket,
          expires_at: formatInstant(expiresAt),
          expires_in: Math.max(0, Math.round((expiresAt - ctx.now) / 1_000)),
        },
        "/chat/ws",
      )
    },
  ),
  listEndpoint(
    {
      operationId: "listConversations",
      path: "/chat/conversations",
      tag,
      summary: "Conversations, the last one written in first",
      description:
        "Those of the organization's links from their approval on, also ended ones, and one's own with colleagues. Lists may be a second behind for who has no socket open.",
      access: "chat.message.read",
      query: pageQueryAlone,
      success: { schema: conversationList, description: "A page of conversations with last message and unread count." },
    },
    (ctx, { query }) =>
      pageByKey(
        "chat-conversations",
        ["number", "string"],
        query,
        ({ after, rowsMax }) => {
          const [lastAt, id] = after ?? []
          return listConversations(ctx, lastAt === undefined ? undefined : { lastAt, id: id as ConversationId }, rowsMax)
        },
        ({ head }) => [head.lastAt, head.id],
        (entry) => toConversationView(entry, readerIdOf(ctx)),
      ),
  ),
  listEndpoint(
    {
      operationId: "listMessages",
      path: "/chat/conversations/{id}/messages",
      tag,
      summary: "Messages of a conversation, newest first",
      access: "chat.message.read",
      params: conversationParams,
      query: pageQueryAlone,
      success: { schema: messageList, description: "A page of messages." },
    },
    (ctx, { params, query }) => pageOfMessages(ctx, query, (before, rowsMax) => readConversation(ctx, params.id, before, rowsMax)),
  ),
  listEndpoint(
    {
      operationId: "listHistory",
      path: "/chat/history/{user_id}",
      tag,
      summary: "Messages with a user, newest first",
      description: "The conversation of the link with that user's organization, or the pair's where the user is a colleague.",
      access: "chat.message.read",
      params: historyParams,
      query: pageQueryAlone,
      success: { schema: messageList, description: "A page of messages." },
    },
    (ctx, { params, query }) => pageOfMessages(ctx, query, (before, rowsMax) => readHistory(ctx, params.user_id, before, rowsMax)),
  ),
  endpoint(
    {
      operationId: "markConversationRead",
      method: "put",
      path: "/chat/conversations/{id}/read",
      tag,
      summary: "Say how far one has read",
      description: "The mark never goes back, and not beyond the conversation's end. Whoever has a socket open hears of it.",
      access: "chat.message.read",
      params: conversationParams,
      body: markReadInput,
      success: { status: 200, schema: readMarkView, description: "The mark as it is now." },
      errors: ["CONFLICT"],
    },
    async (ctx, { params, body }) => {
      const marked = await markRead(ctx, params.id, body.up_to_seq)
      if (!marked.ok) return marked
      const { upToSeq, lastSeq } = marked.value
      return reply.ok({ conversation_id: params.id, up_to_seq: upToSeq, unread_count: lastSeq - upToSeq })
    },
  ),
  listEndpoint(
    {
      operationId: "listCannedReplies",
      path: "/chat/canned-replies",
      tag,
      summary: "Canned replies, newest first",
      access: "chat.canned-reply.manage",
      query: pageQueryAlone,
      success: { schema: cannedReplyList, description: "A page of canned replies." },
    },
    (ctx, { query }) => pageById("canned-replies", "crp", query, (within) => cannedReplyStore(ctx.db).page(within), toCannedReplyView),
  ),
  createEndpoint(
    {
      operationId: "createCannedReply",
      path: "/chat/canned-replies",
      tag,
      summary: "Keep a text that is sent again and again",
      description: "`{{name}}` in it is a placeholder, which the writer fills in.",
      access: "chat.canned-reply.manage",
      body: createCannedReplyInput,
      success: { schema: cannedReplyView, description: "The canned reply." },
      errors: ["CONFLICT"],
    },
    (ctx, { body }) => {
      const row = createCannedReply(ctx, body)
      return { view: toCannedReplyView(row) }
    },
  ),
  deleteEndpoint(
    {
      operationId: "deleteCannedReply",
      path: "/chat/canned-replies/{id}",
      tag,
      summary: "Delete a canned reply",
      access: "chat.canned-reply.manage",
      params: idParams("crp"),
      success: { description: "It is gone." },
    },
    (ctx, { params }) => deleteCannedReply(ctx, params.id),
  ),
]
