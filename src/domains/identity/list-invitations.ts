import { gt } from "drizzle-orm"
import { oldestFirst } from "../../platform/db/by-id.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageById } from "../../platform/http/page.ts"
import type { PageQuery } from "../../platform/http/schemas.ts"
import { invitations } from "./tables.ts"
import { toInvitationView } from "./views.ts"

/** Open invitations, oldest first. */
export async function listInvitations(ctx: Ctx, query: PageQuery) {
  return pageById(
    "invitations",
    "inv",
    query,
    (within) => oldestFirst(ctx.db, invitations, { ...within, where: gt(invitations.expiresAt, ctx.now) }),
    toInvitationView,
  )
}
