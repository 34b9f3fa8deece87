import type { OrganizationId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { moveKyb } from "./decide-kyb.ts"
import { organizationEvents } from "./events.ts"
import { findOrganization } from "./find-organization.ts"
import type { OrganizationRow } from "./tables.ts"

/** Hands the organization in for verification. @throws RefusalError NOT_FOUND, INVALID_TRANSITION, VERSION_MISMATCH. */
export async function submitKyb(ctx: Ctx, id: OrganizationId): Promise<OrganizationRow> {
  const before = await findOrganization(ctx, id)
  return moveKyb(ctx, before, "PENDING", null, "organizations.kyb.submit", organizationEvents.kybSubmitted)
}
