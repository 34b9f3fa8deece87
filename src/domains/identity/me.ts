import { sql } from "drizzle-orm"
import { platformOrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Row } from "../../platform/db/executor.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { saveUser } from "./save-user.ts"
import { type Self, selfOf } from "./self.ts"
import { type UserRow, users } from "./tables.ts"

type Me = { readonly user: UserRow; readonly organization: ReturnType<typeof organizationOf> }

/** Who is signed in. Platform staff belong to no organization, whichever they act in. */
export async function readMe(ctx: Ctx) {
  return toMe(ctx, await findMe(selfOf(ctx)))
}

/** One's own name. */
export async function updateMe(ctx: Ctx, { full_name }: { readonly full_name?: string | undefined }) {
  const self = selfOf(ctx)
  const me = await findMe(self)
  assertVersion(ctx, me.user)
  if (full_name === undefined) return toMe(ctx, me)
  return toMe(ctx, { ...me, user: saveUser(ctx, self.home, me.user, { fullName: full_name }, "identity.profile.update") })
}

/** Person and organization in one trip: clients ask for this often. */
async function findMe({ actor, home }: Self): Promise<Me> {
  const [rows = []] = await home.query(
    (orgId) => sql`select u.*, o.name as organization_name, o.slug, o.capabilities, o.kyb_status
      from users u join organizations o on o.id = u.org_id where u.org_id = ${orgId} and u.id = ${actor.id}`,
  )
  const [row] = rows
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  return { user: decodeRow(users, row), organization: organizationOf(row) }
}

function organizationOf(row: Row) {
  if (row["org_id"] === platformOrganizationId) return null
  const { org_id: id, organization_name: name, slug, capabilities, kyb_status } = row
  return { id, name, slug, capabilities: JSON.parse(String(capabilities)) as unknown, kyb_status }
}

const toMe = ({ actor }: Ctx, { user, organization }: Me) => ({
  id: user.id,
  email: user.email,
  full_name: user.fullName,
  is_active: user.isActive,
  organization,
  roles: user.roles,
  permissions: [...actor.permissions].sort(),
})
