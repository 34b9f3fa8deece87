import { platformOrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { organizationStore, toOrganizationView } from "../organizations/index.ts"
import { saveUser } from "./save-user.ts"
import { assertVersion, ownRow, selfOf } from "./self.ts"
import type { UserRow } from "./tables.ts"

/** Who is signed in. Platform staff belong to no organization, whichever they act in. */
export async function readMe(ctx: Ctx) {
  return meOf(ctx, await ownRow(selfOf(ctx)))
}

/** One's own name. */
export async function updateMe(ctx: Ctx, { full_name }: { readonly full_name?: string | undefined }) {
  const self = selfOf(ctx)
  const before = await ownRow(self)
  assertVersion(ctx, before)
  const after = full_name === undefined ? before : saveUser(ctx, self.home, before, { fullName: full_name }, "identity.profile.update")
  return meOf(ctx, after)
}

async function meOf(ctx: Ctx, user: UserRow) {
  return {
    id: user.id,
    email: user.email,
    full_name: user.fullName,
    is_active: user.isActive,
    organization: user.orgId === platformOrganizationId ? null : await organizationOf(ctx, user),
    roles: user.roles,
    permissions: [...ctx.actor.permissions].sort(),
  }
}

async function organizationOf(ctx: Ctx, { orgId }: UserRow) {
  const row = await organizationStore(ctx).byId(orgId)
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  const { id, name, slug, capabilities, kyb_status } = toOrganizationView(row)
  return { id, name, slug, capabilities, kyb_status }
}
