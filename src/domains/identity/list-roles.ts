import { asc, gt } from "drizzle-orm"
import { assignableBuiltInRoles } from "../../platform/auth/roles.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageByKey } from "../../platform/http/page.ts"
import type { PageQuery } from "../../platform/http/schemas.ts"
import { customRoles } from "./tables.ts"
import { toBuiltInRoleView, toRoleView } from "./views.ts"

/** Built-in and custom roles in one order by name, which is unique among both. */
export async function listRoles(ctx: Ctx, query: PageQuery) {
  return pageByKey(
    "roles",
    ["string"],
    query,
    async ({ after: [after] = [""], rowsMax }) => {
      const custom = await ctx.db.many(customRoles, {
        where: gt(customRoles.name, after),
        orderBy: [asc(customRoles.name)],
        limit: rowsMax,
      })
      const builtIn = assignableBuiltInRoles.filter((name) => name > after)
      return [...builtIn.map(toBuiltInRoleView), ...custom.map(toRoleView)].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    (role) => [role.name],
    (role) => role,
  )
}
