import { and, eq, gt, isNull, ne, sql } from "drizzle-orm"
import type { SessionId, UserId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import { revokeAll } from "../../platform/auth/revocations.ts"
import { applyAfterCommit, revokeAccess } from "../../platform/auth/revoke-access.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import { sessions } from "./tables.ts"

type Doing = { readonly work: UnitOfWork; readonly now: Instant }

const isOpen = (userId: UserId) => and(eq(sessions.userId, userId), isNull(sessions.revokedAt))

/** Ends every session of a user, and at once whatever tokens they hold. */
export function endAllSessions(doing: Doing, db: TenantDb, userId: UserId): void {
  doing.work.add(db.update(sessions, isOpen(userId), { revokedAt: doing.now }))
  revokeAccess(doing, db.orgId, userId)
}

/** Ends every session of a user but one; revoked one by one, so that the one's tokens stay good. */
export async function endOtherSessions(doing: Doing, db: TenantDb, userId: UserId, kept: SessionId): Promise<void> {
  const open = await db.many(sessions, { where: and(isOpen(userId), ne(sessions.id, kept), gt(sessions.expiresAt, doing.now)) })
  const others = sql`select id as subject from sessions
    where org_id = ${db.orgId} and user_id = ${userId} and id <> ${kept} and revoked_at is null and expires_at > ${doing.now}`
  doing.work.add(revokeAll(others, doing.now), db.update(sessions, and(isOpen(userId), ne(sessions.id, kept)), { revokedAt: doing.now }))
  applyAfterCommit(
    doing,
    db.orgId,
    open.map(({ id }) => id),
  )
}
