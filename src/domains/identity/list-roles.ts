import { asc, gt } from "drizzle-orm"
import { assignableBuiltInRoles } from "../../platform/auth/roles.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import type { PageQuery } from "./schemas.ts"
import { customRoles } from "./tables.ts"
import { toBuiltInRoleView, toRoleView } from "./views.ts"

/** Built-in and custom roles in one order by name, which is unique among both. */
export async function listRoles(ctx: Ctx, { limit, cursor }: PageQuery) {
  const [key] = readCursor("roles", ["string"], cursor) ?? []
  const after = key === undefined ? "" : String(key)
  const custom = await ctx.db.many(customRoles, { where: gt(customRoles.name, after), orderBy: [asc(customRoles.name)], limit: limit + 1 })
  const builtIn = assignableBuiltInRoles.filter((name) => name > after)
  const all = [...builtIn.map(toBuiltInRoleView), ...custom.map(toRoleView)].sort((a, b) => (a.name < b.name ? -1 : 1))
  return pageOf(
    all,
    limit,
    "roles",
    (role) => [role.name],
    (role) => role,
  )
}
