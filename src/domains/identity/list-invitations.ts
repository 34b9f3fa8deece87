import { and, asc, gt } from "drizzle-orm"
import type { InvitationId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import type { PageQuery } from "./schemas.ts"
import { invitations } from "./tables.ts"
import { toInvitationView } from "./views.ts"

/** Open invitations, oldest first. */
export async function listInvitations(ctx: Ctx, { limit, cursor }: PageQuery) {
  const [after] = readCursor("invitations", ["string"], cursor) ?? []
  const rows = await ctx.db.many(invitations, {
    where: and(after === undefined ? undefined : gt(invitations.id, String(after) as InvitationId), gt(invitations.expiresAt, ctx.now)),
    orderBy: [asc(invitations.id)],
    limit: limit + 1,
  })
  return pageOf(rows, limit, "invitations", (row) => [row.id], toInvitationView)
}
