import { randomSecret, sha256Hex } from "../../kernel/digest.ts"
import { type Id, isId, newId, type SessionId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { day } from "../../kernel/time.ts"
import { signAccessToken } from "../../platform/auth/access-token.ts"
import { isolate } from "../../platform/auth/authenticate.ts"
import type { Statement } from "../../platform/db/executor.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { type Account, homeOf } from "./accounts.ts"
import { refreshTokens } from "./tables.ts"

export type TokenPair = { access_token: string; refresh_token: string; token_type: "bearer"; expires_in: number }

export const refreshLifetimeMs = limits.refreshTokenDays * day

/** A fresh pair of a session, and the statement that makes its refresh token good. */
export async function issueTokens(
  ctx: PublicCtx,
  account: Account,
  sessionId: SessionId,
): Promise<{ pair: TokenPair; statement: Statement }> {
  const id = newId("rft", ctx.now)
  const refreshToken = `${id}.${randomSecret()}`
  const statement = homeOf(ctx, account.user.orgId).insert(refreshTokens, {
    id,
    userId: account.user.id,
    sessionId,
    hash: await sha256Hex(refreshToken),
    expiresAt: ctx.now + refreshLifetimeMs,
    spentAt: null,
  })
  const pair: TokenPair = {
    access_token: await accessToken(ctx, account, sessionId),
    refresh_token: refreshToken,
    token_type: "bearer",
    expires_in: limits.accessTokenSeconds,
  }
  return { pair, statement }
}

function accessToken(ctx: PublicCtx, { user, organization, customRoles }: Account, sessionId: SessionId): Promise<string> {
  const subjects = [user.id, sessionId, user.orgId, ...user.roles.map((role) => `${user.orgId}/${role}`)]
  return signAccessToken(
    ctx.config.JWT_KEYS,
    {
      userId: user.id,
      orgId: user.orgId,
      orgSlug: organization.slug,
      sessionId,
      name: user.fullName,
      roles: user.roles,
      customPermissions: [...new Set(customRoles.flatMap(({ permissions }) => permissions))],
      isReadOnly: organization.isReadOnly,
    },
    // A token issued in the millisecond of a revocation would be refused with those before it.
    isolate.revocations.firstValid(subjects, ctx.now),
  )
}

/** The id in a refresh token, or undefined for what cannot be one. */
export function refreshTokenId(token: string): Id<"rft"> | undefined {
  const id = token.slice(0, token.indexOf("."))
  return isId("rft", id) ? id : undefined
}
