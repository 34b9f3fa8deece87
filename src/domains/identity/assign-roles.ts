import type { UserId } from "../../kernel/ids.ts"
import { revokeAccess } from "../../platform/auth/revoke-access.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { identityEvents } from "./events.ts"
import { assertAssignable, guardOwnerLeft, manageableUser } from "./role-authority.ts"
import { ownerRole } from "./rules.ts"
import { saveUser } from "./save-user.ts"
import type { UserRow } from "./tables.ts"

/** Replaces a user's roles. Tokens that carry the old ones are refused; a refresh brings the new. */
export async function assignRoles(ctx: Ctx, id: UserId, roles: readonly string[]): Promise<UserRow> {
  const before = await manageableUser(ctx, id)
  assertVersion(ctx, before)
  ctx.work.add(...(await assertAssignable(ctx, roles)))
  const after = saveUser(ctx, ctx.db, before, { roles }, "identity.role.assign", identityEvents.userRolesAssigned)
  if (before.roles.includes(ownerRole) && !roles.includes(ownerRole)) ctx.work.add(guardOwnerLeft(ctx.db))
  revokeAccess(ctx, ctx.orgId, id)
  return after
}
