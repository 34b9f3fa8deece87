import { and, eq, lte, sql } from "drizzle-orm"
import { randomSecret, sha256Hex } from "../../kernel/digest.ts"
import { newId, type UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { day } from "../../kernel/time.ts"
import { guard } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { post } from "../../platform/mail/post.ts"
import { organizationStore } from "../organizations/index.ts"
import { assertEmailFree } from "./accounts.ts"
import { identityEvents } from "./events.ts"
import { invitationMail } from "./mails.ts"
import { duplicate } from "./refusals.ts"
import { assertAssignable } from "./role-authority.ts"
import type { Invite } from "./schemas.ts"
import { type InvitationRow, invitations } from "./tables.ts"
import { toInvitationView } from "./views.ts"

/** Invites somebody by mail. @throws RefusalError EMAIL_TAKEN, VALIDATION_FAILED, FORBIDDEN; CONFLICT at commit where one is open. */
export async function invite(ctx: Ctx, { email, roles }: Invite): Promise<InvitationRow> {
  const unchanged = await assertAssignable(ctx, roles)
  await assertEmailFree(ctx, email)
  ctx.work.add(...unchanged)
  return sendInvitation(ctx, ctx.db, email, roles, null)
}

/** The invitation's row in the caller's unit of work, and its mail once that is committed. The token is in the mail alone. */
export async function sendInvitation(
  ctx: Ctx,
  db: TenantDb,
  email: string,
  roles: readonly string[],
  userId: UserId | null,
  organizationName?: string,
): Promise<InvitationRow> {
  const token = randomSecret()
  const row: InvitationRow = {
    orgId: db.orgId,
    id: newId("inv", ctx.now),
    email,
    roles,
    tokenHash: await sha256Hex(token),
    userId,
    invitedBy: ctx.actor.id,
    createdAt: ctx.now,
    expiresAt: ctx.now + limits.invitationDays * day,
  }
  ctx.work
    .add(
      db.delete(invitations, and(eq(invitations.email, email), lte(invitations.expiresAt, ctx.now))),
      db.insert(invitations, row),
      // Each is a mail to somebody who may never have heard of us, and the organization's name is its own words.
      guard("CONFLICT", sql`(select count(*) from invitations where org_id = ${db.orgId}) <= ${limits.openInvitationsMax}`),
    )
    // SQLite names the first column of the violated index, which is unique by organization and address.
    .onConflict("invitations.org_id", duplicate("/email", "This address has an open invitation."))
    .audit(db, { action: "identity.invitation.create", entity: "invitation", entityId: row.id, after: toInvitationView(row) })
    .event(db, identityEvents.invitationCreated, toInvitationView(row))
    .afterCommit(async () => {
      const name = organizationName ?? (await organizationStore(ctx).byId(db.orgId))?.name ?? "an organization"
      await post(ctx, invitationMail(ctx.publicUrl, email, name, token))
    })
  return row
}
