import { callInbox } from "../../../durable-objects/chat-inbox/client.ts"
import { hmacHex, sha256Hex, toHex } from "../../kernel/digest.ts"
import { isId, type UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { AccessClaims } from "../../platform/auth/access-token.ts"
import type { Directory } from "../../platform/auth/authenticate.ts"
import { type Config, configOf } from "../../platform/env.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { inboxOwnerOf, subjectsOfMember } from "./member.ts"

const randomBytes = 16
const macHexDigits = 32

/** Says that a ticket is ours before any object is asked: else whoever makes tickets up makes an inbox with each, for good. */
const macOf = async ({ secret }: Config["JWT_KEYS"][number], userId: string, random: string): Promise<string> =>
  (await hmacHex(secret, `waybill chat ticket\0${userId}\0${random}`)).slice(0, macHexDigits)

async function newTicket([key]: Config["JWT_KEYS"], userId: UserId): Promise<string> {
  if (key === undefined) throw new Error("the key ring is empty")
  const random = toHex(crypto.getRandomValues(new Uint8Array(randomBytes)))
  return `${userId}.${random}${await macOf(key, userId, random)}`
}

/** The user whom a ticket of ours names; undefined for what is none. */
async function userOfTicket(keys: Config["JWT_KEYS"], ticket: string): Promise<UserId | undefined> {
  const [userId = "", secret = "", ...rest] = ticket.split(".")
  if (!isId("usr", userId) || !/^[0-9a-f]{64}$/.test(secret) || rest.length > 0) return undefined
  const [random, mac] = [secret.slice(0, 2 * randomBytes), secret.slice(2 * randomBytes)]
  const macs = await Promise.all(keys.map((key) => macOf(key, userId, random)))
  return macs.includes(mac) ? userId : undefined
}

/** INV-CHT-4: a ticket opens one socket within 30 seconds, with the rights of the token it was asked for with. */
export async function issueTicket(ctx: Ctx): Promise<Result<{ readonly ticket: string; readonly expiresAt: Instant }>> {
  const member = inboxOwnerOf(ctx)
  const ticket = await newTicket(ctx.config.JWT_KEYS, member.id)
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
  const userId = await userOfTicket(configOf(env).JWT_KEYS, ticket)
  if (userId === undefined) return undefined
  const hash = await sha256Hex(ticket)
  const claims = await callInbox(env, userId, (inbox) => inbox.redeemTicket(hash), meter)
  // The text is our own: the Worker's, given to the inbox with the ticket.
  return claims === undefined ? undefined : (JSON.parse(claims) as AccessClaims)
}
