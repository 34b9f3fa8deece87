import { newId } from "../../kernel/ids.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { type Account, homeOf, refOfUser } from "./accounts.ts"
import { sessions } from "./tables.ts"
import { issueTokens, refreshLifetimeMs, type TokenPair } from "./tokens.ts"

/** A new session with its first tokens, in the caller's unit of work. */
export async function startSession(ctx: PublicCtx, account: Account): Promise<TokenPair> {
  const { user } = account
  const db = homeOf(ctx, user.orgId)
  const id = newId("ses", ctx.now)
  const { pair, statement } = await issueTokens(ctx, account, id)
  ctx.work
    .add(
      db.insert(sessions, {
        id,
        userId: user.id,
        ipAddress: ctx.origin.ipAddress,
        userAgent: ctx.origin.userAgent,
        createdAt: ctx.now,
        lastUsedAt: ctx.now,
        expiresAt: ctx.now + refreshLifetimeMs,
        revokedAt: null,
      }),
      statement,
    )
    .audit(db, { action: "identity.session.start", entity: "session", entityId: id, actor: refOfUser(user) })
  return pair
}
