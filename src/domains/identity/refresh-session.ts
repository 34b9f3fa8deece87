import { and, eq, isNull, sql } from "drizzle-orm"
import { sha256Hex } from "../../kernel/digest.ts"
import type { SessionId, UserId } from "../../kernel/ids.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import { revokeAccess } from "../../platform/auth/revoke-access.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { type Account, accountColumns, anybody, guardAccount, homeOf, refOfUser, toAccount } from "./accounts.ts"
import { refreshTokens, sessions } from "./tables.ts"
import { issueTokens, refreshLifetimeMs, refreshTokenId, type TokenPair } from "./tokens.ts"

/**
 * INV-ID-2: a refresh token is good once. A spent one that comes again means that two hold it, so the whole session
 * ends, whoever of them was first. User, roles and organization are read anew.
 */
export async function refreshSession(ctx: PublicCtx, token: string): Promise<Result<TokenPair>> {
  const found = await findToken(ctx, token)
  if (found === undefined) return refuse("UNAUTHENTICATED", "The refresh token is unknown.")
  const { account, id, sessionId, isSpent, isRevoked, isExpired } = found
  if (isSpent) {
    if (!isRevoked) ctx.work.ifRefused("TOKEN_REUSED", () => revokeFamily(ctx, account, sessionId))
    return refuse("TOKEN_REUSED")
  }
  if (isRevoked || isExpired || !account.user.isActive) return refuse("TOKEN_EXPIRED", "The session has ended; sign in again.")
  const db = homeOf(ctx, account.user.orgId)
  const { pair, statement } = await issueTokens(ctx, account, sessionId)
  ctx.work
    .add(
      db.update(refreshTokens, and(eq(refreshTokens.id, id), isNull(refreshTokens.spentAt)), { spentAt: ctx.now }),
      guardChanged("TOKEN_REUSED"),
      db.update(sessions, isLive(account.user.id, sessionId), { lastUsedAt: ctx.now, expiresAt: ctx.now + refreshLifetimeMs }),
      guardChanged("TOKEN_EXPIRED"),
      guardAccount(account, "UNAVAILABLE"),
      statement,
    )
    .audit(db, { action: "identity.session.refresh", entity: "session", entityId: sessionId, actor: refOfUser(account.user) })
    .ifRefused("TOKEN_REUSED", () => revokeFamily(ctx, account, sessionId))
  return ok(pair)
}

async function findToken(ctx: PublicCtx, token: string) {
  const id = refreshTokenId(token)
  if (id === undefined) return undefined
  const [rows = []] = await anybody(ctx).query(sql`select ${accountColumns}, t.hash as token_hash, t.spent_at, s.id as session_id,
      min(t.expires_at, s.expires_at) as good_until, s.revoked_at
    from refresh_tokens t join sessions s on s.org_id = t.org_id and s.user_id = t.user_id and s.id = t.session_id
      join users u on u.org_id = s.org_id and u.id = s.user_id join organizations o on o.id = u.org_id
    where t.id = ${id}`)
  const [row] = rows
  if (row === undefined || row["token_hash"] !== (await sha256Hex(token))) return undefined
  return {
    id,
    sessionId: row["session_id"] as SessionId,
    isSpent: row["spent_at"] !== null,
    isRevoked: row["revoked_at"] !== null,
    isExpired: Number(row["good_until"]) <= ctx.now,
    account: toAccount(row),
  }
}

const isLive = (userId: UserId, id: SessionId) => and(eq(sessions.userId, userId), eq(sessions.id, id), isNull(sessions.revokedAt))

/** In a unit of work of its own, since the request itself is refused and leaves nothing. */
async function revokeFamily(ctx: PublicCtx, { user }: Account, sessionId: SessionId): Promise<void> {
  const db = homeOf(ctx, user.orgId)
  const work = new UnitOfWork(ctx.now, ctx.origin, refOfUser(user), ctx.work.listeners)
    .add(db.update(sessions, isLive(user.id, sessionId), { revokedAt: ctx.now }))
    .audit(db, {
      action: "identity.session.revoke",
      entity: "session",
      entityId: sessionId,
      after: { reason: "A spent refresh token was used again." },
    })
  revokeAccess({ work, now: ctx.now }, db.orgId, sessionId)
  await work.commit(db)
}
