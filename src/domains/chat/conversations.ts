import { callDirectory } from "../../../durable-objects/chat-directory/client.ts"
import { type ConversationState, callInbox, hasLink, isListed } from "../../../durable-objects/chat-inbox/client.ts"
import { type ChatRoomRpc, callRoom } from "../../../durable-objects/chat-room/client.ts"
import { introduceLink } from "../../../durable-objects/supplier-ledger/client.ts"
import type { ConversationId, UserId } from "../../kernel/ids.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { inboxOwnerOf, memberOf, readerOf } from "./member.ts"
import { type ConversationHead, linkOfConversation, type MessageFacts } from "./rules.ts"

export type ConversationEntry = { readonly head: ConversationHead; readonly readSeq: number }

type Key = { readonly lastAt: number; readonly id: ConversationId }

const newestFirst = (a: ConversationHead, b: ConversationHead): number => b.lastAt - a.lastAt || (a.id < b.id ? 1 : -1)

/**
 * The organization's conversations with its partners and the user's own with colleagues, the last one written in first:
 * two object calls, whatever there is. What the user's inbox heard already stands over what the lists have not.
 */
export async function listConversations(ctx: Ctx, after: Key | undefined, rowsMax: number): Promise<ConversationEntry[]> {
  const links = await callDirectory(ctx.env, ctx.orgId, (directory) => directory.page({ after, rowsMax }), ctx.meter)
  const member = memberOf(ctx)
  const ids = links.map(({ id }) => id)
  const { pairs, states } =
    member === undefined
      ? { pairs: [], states: [] }
      : await callInbox(ctx.env, member.id, (inbox) => inbox.overview(after, rowsMax, ids), ctx.meter)
  const stateById = new Map(states.map((state) => [state.id, state]))
  return [...links, ...pairs]
    .sort(newestFirst)
    .slice(0, rowsMax)
    .map((head) => withState(head, stateById.get(head.id)))
}

const withState = (head: ConversationHead, state: ConversationState | undefined): ConversationEntry =>
  state !== undefined && state.lastMessage !== null && state.lastSeq > head.lastSeq
    ? { head: { ...head, lastSeq: state.lastSeq, lastMessage: state.lastMessage }, readSeq: state.readSeq }
    : { head, readSeq: state?.readSeq ?? 0 }

/** Asks a room as the caller; where it knows nothing of its link yet, the supplier's ledger tells it first. */
async function askRoom<T>(ctx: Ctx, conversationId: ConversationId, use: (room: ChatRoomRpc) => Promise<Result<T>>): Promise<Result<T>> {
  const first = await callRoom(ctx.env, conversationId, use, ctx.meter)
  const linkId = linkOfConversation(conversationId)
  if (first.ok || first.error.code !== "NOT_FOUND" || linkId === undefined) return first
  return (await introduceLink(ctx.env, ctx.meter, ctx.orgId, linkId)) ? callRoom(ctx.env, conversationId, use, ctx.meter) : first
}

/** Whether one's own side knows of the conversation, so that a guessed id reaches neither a room nor a ledger. */
async function isKnown(ctx: Ctx, id: ConversationId): Promise<boolean> {
  const linkId = linkOfConversation(id)
  if (linkId !== undefined) return (await isListed(ctx.env, ctx.orgId, id, ctx.meter)) || (await hasLink(ctx.db, linkId))
  const member = memberOf(ctx)
  if (member === undefined) return false
  const { states } = await callInbox(ctx.env, member.id, (inbox) => inbox.overview(undefined, 0, [id]), ctx.meter)
  return states.length > 0
}

/** Messages of a conversation whose id the caller has from anywhere. */
export const readConversation = async (
  ctx: Ctx,
  conversationId: ConversationId,
  before: number | undefined,
  rowsMax: number,
): Promise<Result<readonly MessageFacts[]>> =>
  (await isKnown(ctx, conversationId))
    ? readMessages(ctx, conversationId, before, rowsMax)
    : refuse("NOT_FOUND", "There is no such conversation.")

/** Messages of a conversation that was found by the caller's own rows. */
export async function readMessages(
  ctx: Ctx,
  conversationId: ConversationId,
  before: number | undefined,
  rowsMax: number,
): Promise<Result<readonly MessageFacts[]>> {
  const found = await askRoom(ctx, conversationId, (room) => room.history(readerOf(ctx), before, rowsMax))
  return found.ok ? ok(found.value.messages) : found
}

export async function markRead(
  ctx: Ctx,
  conversationId: ConversationId,
  upToSeq: number,
): Promise<Result<{ readonly upToSeq: number; readonly lastSeq: number }>> {
  const member = inboxOwnerOf(ctx)
  return callInbox(ctx.env, member.id, (inbox) => inbox.read(readerOf(ctx), conversationId, upToSeq), ctx.meter)
}

export const readerIdOf = (ctx: Ctx): UserId | null => memberOf(ctx)?.id ?? null
