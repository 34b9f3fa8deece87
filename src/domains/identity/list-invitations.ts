import { and, asc, gt } from "drizzle-orm"
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
    ({ after, rowsMax }) =>
      ctx.db.many(invitations, {
        where: and(after === undefined ? undefined : gt(invitations.id, after), gt(invitations.expiresAt, ctx.now)),
        orderBy: [asc(invitations.id)],
        limit: rowsMax,
      }),
    toInvitationView,
  )
}
