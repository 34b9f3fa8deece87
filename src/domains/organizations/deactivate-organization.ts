import { mayMove } from "../../kernel/flow.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { organizationEvents } from "./events.ts"
import { findOrganization } from "./find-organization.ts"
import { organizationFlow } from "./rules.ts"
import { saveOrganization } from "./save-organization.ts"
import type { OrganizationRow } from "./tables.ts"

/** INV-ORG-1: the organization becomes a read-only archive; its people keep signing in to read it. */
export async function deactivateOrganization(ctx: Ctx, id: OrganizationId): Promise<OrganizationRow> {
  const before = await findOrganization(ctx, id)
  if (!mayMove(organizationFlow, before.status, "DEACTIVATED")) {
    throw new RefusalError({ code: "INVALID_TRANSITION", current: before.status, allowed: organizationFlow[before.status] })
  }
  return saveOrganization(ctx, before, { status: "DEACTIVATED" }, "organizations.organization.deactivate", organizationEvents.deactivated)
}
