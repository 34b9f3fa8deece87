import { findRecipient } from "../../../durable-objects/chat-inbox/client.ts"
import type { UserId } from "../../kernel/ids.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { readMessages } from "./conversations.ts"
import { readerOf } from "./member.ts"
import type { MessageFacts } from "./rules.ts"

/** The conversation that a user's id selects: the pair's for a colleague, the link's for somebody of a linked organization. */
export async function readHistory(
  ctx: Ctx,
  userId: UserId,
  before: number | undefined,
  rowsMax: number,
): Promise<Result<readonly MessageFacts[]>> {
  const found = await findRecipient(ctx.db, readerOf(ctx), userId)
  if (found === undefined) return refuse("NOT_FOUND", "There is no conversation with such a user.")
  const messages = await readMessages(ctx, found.conversationId, before, rowsMax)
  // Colleagues who never wrote to each other have nothing to read yet.
  return !messages.ok && found.pair !== undefined ? ok([]) : messages
}
