import { sql } from "drizzle-orm"
import type { UserId } from "../../kernel/ids.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { unchangedRoles } from "./accounts.ts"
import { customRolesOf, permissionsWith } from "./role-authority.ts"
import { users } from "./tables.ts"

type Colleague = {
  readonly id: UserId
  readonly name: string
  readonly permissions: ReadonlySet<Permission>
  /** Holds a batch to the person as they were when this was read. */
  readonly unchanged: readonly Statement[]
}

/** A person of the organization who may sign in, with what they may do; undefined for everybody else. */
export async function activeColleague(db: TenantDb, id: UserId): Promise<Colleague | undefined> {
  const user = await db.byId(users, id)
  if (user === undefined || !user.isActive) return undefined
  const custom = await customRolesOf(db, user.roles)
  const isUnchanged = sql`exists (select 1 from users where org_id = ${db.orgId} and id = ${id} and version = ${user.version})`
  return {
    id,
    name: user.fullName,
    permissions: permissionsWith(user.roles, custom),
    unchanged: [
      guard("VERSION_MISMATCH", isUnchanged),
      ...(custom.length === 0 ? [] : [guard("VERSION_MISMATCH", unchangedRoles(db.orgId, custom))]),
    ],
  }
}
