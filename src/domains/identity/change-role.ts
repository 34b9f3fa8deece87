import { and, eq } from "drizzle-orm"
import type { RoleId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { revokeAccess } from "../../platform/auth/revoke-access.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { identityEvents } from "./events.ts"
import { assertCovers } from "./role-authority.ts"
import type { ChangeRole } from "./schemas.ts"
import { type CustomRoleRow, customRoles } from "./tables.ts"
import { toRoleView } from "./views.ts"

/** A custom role that the actor may manage: one that says no more than they may. */
export async function manageableRole(ctx: Ctx, id: RoleId): Promise<CustomRoleRow> {
  const role = await ctx.db.byId(customRoles, id)
  if (role === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  assertCovers(ctx.actor, role.permissions)
  assertVersion(ctx, role)
  return role
}

/** Changes what a role says. Whoever holds it needs a refresh, which brings the new permissions. */
export async function changeRole(ctx: Ctx, id: RoleId, { description, permissions }: ChangeRole): Promise<CustomRoleRow> {
  const before = await manageableRole(ctx, id)
  assertCovers(ctx.actor, permissions ?? [])
  const written = {
    ...(description === undefined ? {} : { description }),
    ...(permissions === undefined ? {} : { permissions }),
    version: before.version + 1,
    updatedAt: ctx.now,
  }
  const after: CustomRoleRow = { ...before, ...written }
  ctx.work
    .add(
      ctx.db.update(customRoles, and(eq(customRoles.id, id), eq(customRoles.version, before.version)), written),
      guardChanged("VERSION_MISMATCH"),
    )
    .audit(ctx.db, { action: "identity.role.change", entity: "role", entityId: id, before: toRoleView(before), after: toRoleView(after) })
    .event(ctx.db, identityEvents.roleChanged, toRoleView(after))
  if (permissions !== undefined) revokeAccess(ctx, ctx.orgId, `${ctx.orgId}/${before.name}`)
  return after
}
