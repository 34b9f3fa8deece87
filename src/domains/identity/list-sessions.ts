import { and, eq, gt, isNull } from "drizzle-orm"
import { formatInstant } from "../../kernel/time.ts"
import { newestFirst } from "../../platform/db/by-id.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageById } from "../../platform/http/page.ts"
import type { PageQuery } from "../../platform/http/schemas.ts"
import { selfOf } from "./self.ts"
import { sessions } from "./tables.ts"

/** One's own open sessions, newest first. */
export async function listSessions(ctx: Ctx, query: PageQuery) {
  const { actor, home } = selfOf(ctx)
  return pageById(
    "sessions",
    "ses",
    query,
    (within) =>
      newestFirst(home, sessions, {
        ...within,
        where: and(eq(sessions.userId, actor.id), isNull(sessions.revokedAt), gt(sessions.expiresAt, ctx.now)),
      }),
    (row) => ({
      id: row.id,
      is_current: row.id === actor.sessionId,
      ip_address: row.ipAddress,
      user_agent: row.userAgent,
      created_at: formatInstant(row.createdAt),
      last_used_at: formatInstant(row.lastUsedAt),
      expires_at: formatInstant(row.expiresAt),
    }),
  )
}
