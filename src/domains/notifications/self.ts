import type { UserId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Ctx } from "../../platform/http/context.ts"

/** The person who asks, and the handle on their own organization, which for platform staff is not the one they entered. */
export type Self = { readonly userId: UserId; readonly home: TenantDb }

/** @throws RefusalError FORBIDDEN for API keys, which are nobody. */
export function selfOf({ actor, db, env, meter }: Pick<Ctx, "actor" | "db" | "env" | "meter">): Self {
  if (actor.kind !== "USER")
    throw new RefusalError({ code: "FORBIDDEN", detail: "An API key has no notifications; webhooks tell systems." })
  const isHome = actor.homeOrgId === db.orgId
  return { userId: actor.id, home: isHome ? db : TenantDb.forSystem(env, meter, actor.homeOrgId, "a person's own notifications, at home") }
}
