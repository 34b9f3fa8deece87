import type { OrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { authorize, may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { deactivateOrganization } from "./deactivate-organization.ts"
import { organizationEvents } from "./events.ts"
import { findOrganization } from "./find-organization.ts"
import { mayRelaxKyb } from "./rules.ts"
import { saveOrganization } from "./save-organization.ts"
import type { UpdateOrganization } from "./schemas.ts"
import type { OrganizationRow } from "./tables.ts"

/** @throws RefusalError NOT_FOUND, FORBIDDEN, VERSION_MISMATCH; CONFLICT at commit for a taken slug. */
export async function updateOrganization(ctx: Ctx, id: OrganizationId, patch: UpdateOrganization): Promise<OrganizationRow> {
  const before = await findOrganization(ctx, id)
  const { name, slug, capabilities, settings, status } = patch
  if (status !== undefined) authorize(ctx.actor, "platform.organization.manage")
  const isPlatformStaff = may(ctx.actor, "platform.organization.manage")
  if (!mayRelaxKyb(settings?.require_kyb_for_link_approval, ctx.config.REQUIRE_KYB_DEFAULT, isPlatformStaff)) {
    throw new RefusalError({ code: "FORBIDDEN", detail: "Only the platform waives verification." })
  }
  if (status === "DEACTIVATED" && before.status === "ACTIVE") {
    if (Object.keys(patch).length > 1)
      throw new RefusalError({
        code: "INVALID_TRANSITION",
        detail: "Deactivate on its own: an archive is not edited.",
        current: before.status,
        allowed: [],
      })
    return deactivateOrganization(ctx, id)
  }
  const isReactivated = status === "ACTIVE" && before.status === "DEACTIVATED"
  const changes = {
    ...(name === undefined ? {} : { name }),
    ...(slug === undefined ? {} : { slug }),
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(settings === undefined ? {} : { settings: { ...before.settings, ...settings } as OrganizationRow["settings"] }),
    ...(isReactivated ? { status } : {}),
  }
  return isReactivated
    ? saveOrganization(ctx, before, changes, "organizations.organization.reactivate", organizationEvents.reactivated)
    : saveOrganization(ctx, before, changes, "organizations.organization.update", organizationEvents.updated)
}
