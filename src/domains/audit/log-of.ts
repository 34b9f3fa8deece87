import type { OrganizationId } from "../../kernel/ids.ts"
import { assertOnPlatform, authorize } from "../../platform/auth/actor.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Ctx } from "../../platform/http/context.ts"

/**
 * The organization whose log is read: one's own, or the one that platform staff name, which their own log then
 * says (INV-AUD-3). @throws RefusalError FORBIDDEN when somebody else names another organization.
 */
export function logOf(ctx: Ctx, named: OrganizationId | undefined): TenantDb {
  if (named === undefined || named === ctx.orgId) return ctx.db
  authorize(ctx.actor, "platform.audit.read")
  assertOnPlatform(ctx.orgId)
  ctx.work.audit(ctx.db, { action: "platform.audit.read", entity: "organization", entityId: named })
  return TenantDb.forSystem(ctx.env, ctx.meter, named, "platform staff read an organization's audit log")
}
