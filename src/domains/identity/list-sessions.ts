import { and, desc, eq, gt, isNull, lt } from "drizzle-orm"
import { formatInstant } from "../../kernel/time.ts"
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
    ({ after, rowsMax }) =>
      home.many(sessions, {
        where: and(
          eq(sessions.userId, actor.id),
          after === undefined ? undefined : lt(sessions.id, after),
          isNull(sessions.revokedAt),
          gt(sessions.expiresAt, ctx.now),
        ),
        orderBy: [desc(sessions.id)],
        limit: rowsMax,
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
