import { sql } from "drizzle-orm"
import { newId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import { isBuiltInRole } from "../../platform/auth/roles.ts"
import { guard } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { identityEvents } from "./events.ts"
import { duplicate } from "./refusals.ts"
import { assertCovers } from "./role-authority.ts"
import type { DefineRole } from "./schemas.ts"
import { type CustomRoleRow, customRoles } from "./tables.ts"
import { toRoleView } from "./views.ts"

const nameTaken = duplicate("/name", "The organization has a role of this name.")

/** A custom role. @throws RefusalError FORBIDDEN for permissions that its maker lacks; CONFLICT for the name, or past the limit. */
export async function defineRole(ctx: Ctx, { name, description, permissions }: DefineRole): Promise<Result<CustomRoleRow>> {
  assertCovers(ctx.actor, permissions)
  if (isBuiltInRole(name)) return err(nameTaken)
  const role: CustomRoleRow = {
    orgId: ctx.orgId,
    id: newId("rol", ctx.now),
    name,
    description,
    permissions,
    version: 1,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  ctx.work
    .add(
      ctx.db.insert(customRoles, role),
      guard("CONFLICT", sql`(select count(*) from custom_roles where org_id = ${ctx.orgId}) <= ${limits.customRolesMax}`),
    )
    .onConflict("custom_roles.org_id", nameTaken)
    .audit(ctx.db, { action: "identity.role.define", entity: "role", entityId: role.id, after: toRoleView(role) })
    .event(ctx.db, identityEvents.roleDefined, toRoleView(role))
  return ok(role)
}
