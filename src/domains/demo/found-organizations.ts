import type { Ctx } from "../../platform/http/context.ts"
import { foundWithOwner, hashed } from "../identity/index.ts"
import type { OrganizationRow } from "../organizations/index.ts"
import type { OrganizationsInput } from "./schemas.ts"

/** Organizations with an owner each, all in one unit of work. The owners share one password, hashed once. */
export async function foundOrganizations(ctx: Ctx, { password, organizations }: OrganizationsInput): Promise<OrganizationRow[]> {
  const passwordHash = await hashed(ctx, password)
  const founded: OrganizationRow[] = []
  for (const { owner_email: email, owner_name: fullName, ...organization } of organizations) {
    founded.push((await foundWithOwner(ctx, { email, passwordHash, fullName, organization })).organization)
  }
  return founded
}
