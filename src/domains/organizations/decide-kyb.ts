import { mayMove } from "../../kernel/flow.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type OrganizationEvent, organizationEvents } from "./events.ts"
import { findOrganization } from "./find-organization.ts"
import { type KybStatus, kybFlow } from "./rules.ts"
import { saveOrganization } from "./save-organization.ts"
import type { DecideKyb } from "./schemas.ts"
import type { OrganizationRow } from "./tables.ts"

/** The platform's verdict. @throws RefusalError NOT_FOUND, INVALID_TRANSITION, VERSION_MISMATCH. */
export async function decideKyb(ctx: Ctx, id: OrganizationId, { status, reason }: DecideKyb): Promise<OrganizationRow> {
  const before = await findOrganization(ctx, id, "platform.kyb.decide")
  return status === "VERIFIED"
    ? moveKyb(ctx, before, "VERIFIED", null, "organizations.kyb.verify", organizationEvents.kybVerified)
    : moveKyb(ctx, before, "REJECTED", reason, "organizations.kyb.reject", organizationEvents.kybRejected)
}

/** INV-ORG-4: the verification moves by `kybFlow` alone. */
export function moveKyb(
  ctx: Ctx,
  before: OrganizationRow,
  to: KybStatus,
  kybReason: string | null,
  action: string,
  event: OrganizationEvent,
  kybDocuments: OrganizationRow["kybDocuments"] = before.kybDocuments,
): OrganizationRow {
  if (!mayMove(kybFlow, before.kybStatus, to)) {
    throw new RefusalError({ code: "INVALID_TRANSITION", current: before.kybStatus, allowed: kybFlow[before.kybStatus] })
  }
  return saveOrganization(ctx, before, { kybStatus: to, kybReason, kybDocuments }, action, event)
}
