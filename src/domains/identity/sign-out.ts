import { and, eq, isNull } from "drizzle-orm"
import { sha256Hex } from "../../kernel/digest.ts"
import type { SessionId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { revokeAccess } from "../../platform/auth/revoke-access.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Self, selfOf } from "./self.ts"
import { refreshTokens, sessions } from "./tables.ts"
import { refreshTokenId } from "./tokens.ts"

/** Ends this session, and the one of the refresh token where that is another of the same person's. */
export async function signOut(ctx: Ctx, refreshToken: string | undefined): Promise<void> {
  const self = selfOf(ctx)
  const named = refreshToken === undefined ? undefined : await sessionOfToken(self, refreshToken)
  for (const id of new Set([self.actor.sessionId, ...(named === undefined ? [] : [named])])) endSession(ctx, self, id)
}

/** One of one's own sessions. @throws RefusalError NOT_FOUND for anybody else's, or one that has ended. */
export async function endOwnSession(ctx: Ctx, id: SessionId): Promise<void> {
  const self = selfOf(ctx)
  const row = await self.home.one(sessions, and(eq(sessions.id, id), eq(sessions.userId, self.actor.id), isNull(sessions.revokedAt)))
  if (row === undefined || row.expiresAt <= ctx.now) throw new RefusalError({ code: "NOT_FOUND" })
  endSession(ctx, self, id)
}

function endSession(ctx: Ctx, { actor, home }: Self, id: SessionId): void {
  ctx.work
    .add(home.update(sessions, and(eq(sessions.id, id), eq(sessions.userId, actor.id), isNull(sessions.revokedAt)), { revokedAt: ctx.now }))
    .audit(home, { action: "identity.session.end", entity: "session", entityId: id })
  revokeAccess(ctx, home.orgId, id)
}

/** The session that one's own refresh token belongs to; a stranger's token ends nothing. */
async function sessionOfToken({ actor, home }: Self, token: string): Promise<SessionId | undefined> {
  const id = refreshTokenId(token)
  const row = id === undefined ? undefined : await home.byId(refreshTokens, id)
  return row === undefined || row.userId !== actor.id || row.hash !== (await sha256Hex(token)) ? undefined : row.sessionId
}
