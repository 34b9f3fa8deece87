import { callInbox } from "../../../durable-objects/chat-inbox/client.ts"
import { randomSecret, sha256Hex } from "../../kernel/digest.ts"
import { isId, type UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { AccessClaims } from "../../platform/auth/access-token.ts"
import type { Directory } from "../../platform/auth/authenticate.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { inboxOwnerOf, subjectsOfMember } from "./member.ts"

/** INV-CHT-4: a ticket opens one socket within 30 seconds, with the rights of the token it was asked for with. */
export async function issueTicket(ctx: Ctx): Promise<Result<{ readonly ticket: string; readonly expiresAt: Instant }>> {
  const member = inboxOwnerOf(ctx)
  const ticket = `${member.id}.${randomSecret()}`
  const expiresAt = Math.min(ctx.now + limits.chatTicketSeconds * second, member.claims.expiresAt)
  const hash = await sha256Hex(ticket)
  const isKept = await callInbox(
    ctx.env,
    member.id,
    (inbox) => inbox.issueTicket(hash, JSON.stringify(member.claims), subjectsOfMember(member), expiresAt),
    ctx.meter,
  )
  return isKept
    ? ok({ ticket, expiresAt })
    : refuse("RATE_LIMITED", `At most ${limits.chatTicketsMax} tickets wait at once.`, {
        extra: { retryAfterSeconds: limits.chatTicketSeconds },
      })
}

/** What authentication asks: the ticket names its user, whose inbox knows it. */
export const claimsOfTicket: Directory["claimsOfTicket"] = async (env, meter, ticket) => {
  const [userId = "", secret = "", ...rest] = ticket.split(".")
  if (!isId("usr", userId) || !/^[\w-]{43}$/.test(secret) || rest.length > 0) return undefined
  const hash = await sha256Hex(ticket)
  const claims = await callInbox(env, userId as UserId, (inbox) => inbox.redeemTicket(hash), meter)
  // The text is our own: the Worker's, given to the inbox with the ticket.
  return claims === undefined ? undefined : (JSON.parse(claims) as AccessClaims)
}
