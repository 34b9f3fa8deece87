import { and, desc, eq, gt, isNull, lt } from "drizzle-orm"
import type { SessionId } from "../../kernel/ids.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import type { PageQuery } from "./schemas.ts"
import { selfOf } from "./self.ts"
import { sessions } from "./tables.ts"

/** One's own open sessions, newest first. */
export async function listSessions(ctx: Ctx, { limit, cursor }: PageQuery) {
  const { actor, home } = selfOf(ctx)
  const [before] = readCursor("sessions", ["string"], cursor) ?? []
  const rows = await home.many(sessions, {
    where: and(
      eq(sessions.userId, actor.id),
      before === undefined ? undefined : lt(sessions.id, String(before) as SessionId),
      isNull(sessions.revokedAt),
      gt(sessions.expiresAt, ctx.now),
    ),
    orderBy: [desc(sessions.id)],
    limit: limit + 1,
  })
  return pageOf(
    rows,
    limit,
    "sessions",
    (row) => [row.id],
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
