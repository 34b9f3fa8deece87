import { eq } from "drizzle-orm"
import type { UserId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { authorize, may } from "../../platform/auth/actor.ts"
import { oldestFirst } from "../../platform/db/by-id.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageById } from "../../platform/http/page.ts"
import type { PageQuery } from "../../platform/http/schemas.ts"
import { type UserRow, users } from "./tables.ts"
import { toUserView } from "./views.ts"

/** Oneself, or anybody in the organization for those who may read users. */
export async function readUser(ctx: Ctx, id: UserId): Promise<UserRow> {
  if (ctx.actor.id !== id) authorize(ctx.actor, "identity.user.read")
  const row = await ctx.db.byId(users, id)
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  return row
}

/** Users of the organization, oldest first; a field manager's scope is their own person until there are teams. */
export async function listUsers(ctx: Ctx, query: PageQuery) {
  const seesAll = may(ctx.actor, "identity.user.read")
  return pageById(
    "users",
    "usr",
    query,
    (within) =>
      seesAll ? oldestFirst(ctx.db, users, within) : ctx.db.many(users, { where: eq(users.id, ctx.actor.id as UserId), limit: 1 }),
    toUserView,
  )
}
