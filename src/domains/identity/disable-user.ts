import { eq } from "drizzle-orm"
import type { UserId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { endAllSessions } from "./end-sessions.ts"
import { identityEvents } from "./events.ts"
import { guardOwnerLeft, manageableUser } from "./role-authority.ts"
import { ownerRole } from "./rules.ts"
import { saveUser } from "./save-user.ts"
import { invitations, resetTokens, type UserRow } from "./tables.ts"

/** Disables a user, who stays in every history. Once more is a success: the user is disabled. */
export async function disableUser(ctx: Ctx, id: UserId): Promise<void> {
  const user = await manageableUser(ctx, id)
  assertVersion(ctx, user)
  if (user.isActive) disable(ctx, user)
}

/** Sessions end at once, and neither a reset mail nor an invitation lets the person in again. */
export function disable(ctx: Ctx, user: UserRow, changes: { fullName?: string; email?: string } = {}): UserRow {
  const after = saveUser(ctx, ctx.db, user, { ...changes, isActive: false }, "identity.user.disable", identityEvents.userDisabled)
  endAllSessions(ctx, ctx.db, user.id)
  ctx.work.add(ctx.db.delete(resetTokens, eq(resetTokens.userId, user.id)), ctx.db.delete(invitations, eq(invitations.email, user.email)))
  if (user.roles.includes(ownerRole)) ctx.work.add(guardOwnerLeft(ctx.db))
  return after
}
