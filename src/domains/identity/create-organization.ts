import type { z } from "@hono/zod-openapi"
import { refOf } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type createOrganizationInput, foundOrganization, type OrganizationRow } from "../organizations/index.ts"
import { assertEmailFree, homeOf } from "./accounts.ts"
import { sendInvitation } from "./invite.ts"
import { ownerRole } from "./rules.ts"

/** The platform makes an organization for somebody, and invites its owner where one is named. It stands here because inviting does. */
export async function createOrganization(
  ctx: Ctx,
  { owner_email, ...wanted }: z.output<typeof createOrganizationInput>,
): Promise<OrganizationRow> {
  if (owner_email !== undefined) await assertEmailFree(ctx, owner_email)
  const organization = await foundOrganization(ctx, wanted, { slugPointer: "/slug", founder: () => refOf(ctx.actor) })
  if (owner_email !== undefined) await sendInvitation(ctx, homeOf(ctx, organization.id), owner_email, [ownerRole], null, organization.name)
  return organization
}
