import type { OrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { may } from "../../platform/auth/actor.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { organizationStore } from "./store.ts"
import type { OrganizationRow } from "./tables.ts"

/** One's own organization, or any for the platform's staff. @throws RefusalError NOT_FOUND: another's is as unknown as none. */
export async function findOrganization(
  ctx: Ctx,
  id: OrganizationId,
  platformPermission: Permission = "platform.organization.manage",
): Promise<OrganizationRow> {
  const row = id === ctx.orgId || may(ctx.actor, platformPermission) ? await organizationStore(ctx).byId(id) : undefined
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  return row
}
