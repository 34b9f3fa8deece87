import { and, eq, sql } from "drizzle-orm"
import type { RoleId } from "../../kernel/ids.ts"
import { guard, guardChanged } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { manageableRole } from "./change-role.ts"
import { identityEvents } from "./events.ts"
import { customRoles } from "./tables.ts"
import { toRoleView } from "./views.ts"

/** INV-ID-6: a role that a user or an open invitation names is not deleted, or a later one of its name would inherit them. */
export async function deleteRole(ctx: Ctx, id: RoleId): Promise<void> {
  const role = await manageableRole(ctx, id)
  const names = sql`exists (select 1 from json_each(holders.roles) where value = ${role.name})`
  ctx.work
    .add(
      guard(
        "ROLE_IN_USE",
        sql`not exists (select 1 from users holders where org_id = ${ctx.orgId} and ${names})
          and not exists (select 1 from invitations holders where org_id = ${ctx.orgId} and expires_at > ${ctx.now} and ${names})`,
      ),
      ctx.db.delete(customRoles, and(eq(customRoles.id, id), eq(customRoles.version, role.version))),
      guardChanged("VERSION_MISMATCH"),
    )
    .audit(ctx.db, { action: "identity.role.delete", entity: "role", entityId: id, before: toRoleView(role) })
    .event(ctx.db, identityEvents.roleDeleted, toRoleView(role))
}
