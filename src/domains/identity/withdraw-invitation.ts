import { and, eq, gt } from "drizzle-orm"
import type { InvitationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { disable } from "./disable-user.ts"
import { identityEvents } from "./events.ts"
import { manageableUser } from "./role-authority.ts"
import { invitations } from "./tables.ts"
import { toInvitationView } from "./views.ts"

/** Takes an invitation back; a user made ahead for it is disabled, or a reset mail would still let them in. */
export async function withdrawInvitation(ctx: Ctx, id: InvitationId): Promise<void> {
  const row = await ctx.db.one(invitations, and(eq(invitations.id, id), gt(invitations.expiresAt, ctx.now)))
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  ctx.work
    .add(ctx.db.delete(invitations, eq(invitations.id, id)), guardChanged("NOT_FOUND"))
    .audit(ctx.db, { action: "identity.invitation.withdraw", entity: "invitation", entityId: id, before: toInvitationView(row) })
    .event(ctx.db, identityEvents.invitationWithdrawn, toInvitationView(row))
  if (row.userId === null) return
  const user = await manageableUser(ctx, row.userId)
  if (user.isActive) disable(ctx, user)
}
