import { eq } from "drizzle-orm"
import type { UserId } from "../../kernel/ids.ts"
import { authorize } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { disable } from "./disable-user.ts"
import { identityEvents } from "./events.ts"
import { manageableUser } from "./role-authority.ts"
import { saveUser } from "./save-user.ts"
import type { UpdateUser } from "./schemas.ts"
import { invitations, resetTokens, type UserRow } from "./tables.ts"

/**
 * People change their own name; who may change others also changes addresses, and disables and enables. An address
 * is the way to a new password, so a stolen session alone must not be able to move it.
 */
export async function updateUser(ctx: Ctx, id: UserId, { full_name, email, is_active }: UpdateUser): Promise<UserRow> {
  const isSelf = ctx.actor.kind === "USER" && ctx.actor.id === id
  if (!isSelf || email !== undefined) authorize(ctx.actor, "identity.user.update")
  if (is_active !== undefined) authorize(ctx.actor, "identity.user.disable")
  const before = await manageableUser(ctx, id)
  assertVersion(ctx, before)
  const changes = { ...(full_name === undefined ? {} : { fullName: full_name }), ...(email === undefined ? {} : { email }) }
  // INV-ID-7: what was mailed to the old address is no longer this person's, who asks for a new password at the new one.
  if (email !== undefined && email !== before.email) {
    ctx.work.add(ctx.db.delete(resetTokens, eq(resetTokens.userId, id)), ctx.db.delete(invitations, eq(invitations.userId, id)))
  }
  if (is_active === false && before.isActive) return disable(ctx, before, changes)
  if (is_active === true && !before.isActive) {
    return saveUser(ctx, ctx.db, before, { ...changes, isActive: true }, "identity.user.enable", identityEvents.userEnabled)
  }
  return Object.keys(changes).length === 0 ? before : saveUser(ctx, ctx.db, before, changes, "identity.user.update")
}
