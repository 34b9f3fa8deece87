import { RefusalError } from "../../kernel/result.ts"
import type { UserActor } from "../../platform/auth/actor.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { homeOf } from "./accounts.ts"
import { type UserRow, users } from "./tables.ts"

/** The signed-in person and the handle on their own organization, which for platform staff is not the one they act in. */
export type Self = { readonly actor: UserActor; readonly home: TenantDb }

/** @throws RefusalError FORBIDDEN for API keys, which are nobody. */
export function selfOf(ctx: Ctx): Self {
  const { actor } = ctx
  if (actor.kind !== "USER") throw new RefusalError({ code: "FORBIDDEN", detail: "An API key has no profile, password or sessions." })
  return { actor, home: actor.homeOrgId === ctx.orgId ? ctx.db : homeOf(ctx, actor.homeOrgId) }
}

export async function ownRow({ actor, home }: Self): Promise<UserRow> {
  const row = await home.byId(users, actor.id)
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  return row
}
