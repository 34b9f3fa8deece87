import { sql } from "drizzle-orm"
import type { UserId } from "../../kernel/ids.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { permissionsOf } from "../../platform/auth/roles.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { customRoles, users } from "./tables.ts"

/** Somebody of an organization who can sign in, with what they may do now. */
export type PersonOfOrganization = {
  readonly id: UserId
  readonly email: string
  readonly name: string
  readonly permissions: ReadonlySet<Permission>
}

/** Whom to look for: those named, and of all others so many, the longest there first. */
type Whom = { readonly named: readonly UserId[]; readonly othersMax: number }

/**
 * The people of an organization who are active and have chosen a password, by id, which is by age. One trip; reads the
 * rows it returns, those of disabled people among them, and the organization's custom roles.
 */
export async function peopleOf(db: TenantDb, { named, othersMax }: Whom): Promise<readonly PersonOfOrganization[]> {
  const [roleRows = [], namedRows = [], otherRows = []] = await db.query(
    (orgId) => sql`select name, permissions from custom_roles where org_id = ${orgId}`,
    (
      orgId,
    ) => sql`select id, email, full_name, roles from users where org_id = ${orgId} and id in (select value from json_each(${JSON.stringify(named)}))
      and is_active = 1 and password_hash is not null`,
    (orgId) => sql`select id, email, full_name, roles from users where org_id = ${orgId} and is_active = 1 and password_hash is not null
      order by id limit ${othersMax}`,
  )
  const custom = new Map(roleRows.map((row) => decodeRow(customRoles, row)).map((role) => [role.name, role.permissions]))
  const found = new Map(
    [...otherRows, ...namedRows].map((row) => {
      const { id, email, fullName, roles } = decodeRow(users, row)
      const permissions = permissionsOf(
        roles,
        roles.flatMap((role) => custom.get(role) ?? []),
      )
      return [id, { id, email, name: fullName, permissions }] as const
    }),
  )
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}
