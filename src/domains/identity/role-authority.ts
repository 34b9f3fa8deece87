import { sql } from "drizzle-orm"
import type { UserId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Actor } from "../../platform/auth/actor.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { isBuiltInRole, permissionsOf } from "../../platform/auth/roles.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalid } from "../../platform/http/input.ts"
import { unchangedRoles } from "./accounts.ts"
import { beyond, customNames, isAssignable } from "./rules.ts"
import { type CustomRoleRow, customRoles, type UserRow, users } from "./tables.ts"

/** The custom roles among these names; no trip where there are none. */
export async function customRolesOf(db: TenantDb, roles: readonly string[]): Promise<CustomRoleRow[]> {
  const names = customNames(roles)
  if (names.length === 0) return []
  return db.many(customRoles, { where: sql`name in (select value from json_each(${JSON.stringify(names)}))` })
}

export const permissionsWith = (roles: readonly string[], custom: readonly CustomRoleRow[]): ReadonlySet<Permission> =>
  permissionsOf(
    roles,
    custom.flatMap(({ permissions }) => permissions),
  )

/** @throws RefusalError FORBIDDEN: INV-ID-4, nobody grants what they lack. */
export function assertCovers(actor: Actor, granted: Iterable<Permission>): void {
  const missing = beyond(actor.permissions, granted)
  if (missing.length > 0) throw new RefusalError({ code: "FORBIDDEN", detail: `Nobody hands out what they lack: ${missing.join(", ")}.` })
}

/**
 * Whether the actor may hand out these roles; the statements hold the custom ones to what was judged here.
 * @throws RefusalError VALIDATION_FAILED for an unknown role, FORBIDDEN for one that says more than the actor may.
 */
export async function assertAssignable(ctx: Ctx, roles: readonly string[]): Promise<Statement[]> {
  const custom = await customRolesOf(ctx.db, roles)
  const known = new Set(custom.map(({ name }) => name))
  const unknown = roles.flatMap((role, index) =>
    (isBuiltInRole(role) && isAssignable(role)) || known.has(role)
      ? []
      : [{ pointer: `/roles/${index}`, code: "UNKNOWN_ROLE", message: "There is no such role; GET /roles lists all of them." }],
  )
  if (unknown.length > 0) throw invalid(unknown)
  assertCovers(ctx.actor, permissionsWith(roles, custom))
  return custom.length === 0 ? [] : [guard("VERSION_MISMATCH", unchangedRoles(ctx.orgId, custom))]
}

/** A user whom the actor may manage. @throws RefusalError NOT_FOUND; FORBIDDEN where the user may do more than the actor. */
export async function manageableUser(ctx: Ctx, id: UserId): Promise<UserRow> {
  const user = await ctx.db.byId(users, id)
  if (user === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  const missing = beyond(ctx.actor.permissions, permissionsWith(user.roles, await customRolesOf(ctx.db, user.roles)))
  if (missing.length > 0) throw new RefusalError({ code: "FORBIDDEN", detail: "Nobody manages somebody who may do more than they." })
  return user
}

/** INV-ID-3: at commit, an active owner who can sign in is left. */
export const guardOwnerLeft = (db: TenantDb): Statement =>
  guard(
    "LAST_OWNER",
    sql`exists (select 1 from users where org_id = ${db.orgId} and is_active = 1 and password_hash is not null
      and exists (select 1 from json_each(users.roles) where value = 'owner'))`,
  )
