import { and, eq, gt } from "drizzle-orm"
import { sha256Hex } from "../../kernel/digest.ts"
import { err, ok, type Result, refuse } from "../../kernel/result.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { type OrganizationRow, organizationStore } from "../organizations/index.ts"
import { anybody, assertEmailFree, homeOf, refOfUser } from "./accounts.ts"
import { identityEvents } from "./events.ts"
import { hashed } from "./hashing.ts"
import { newUser } from "./new-user.ts"
import { emailTaken, tokenIsOver } from "./refusals.ts"
import { customRolesOf } from "./role-authority.ts"
import { nameFromEmail } from "./rules.ts"
import type { RedeemInput } from "./schemas.ts"
import { setPassword } from "./set-password.ts"
import { startSession } from "./start-session.ts"
import { type InvitationRow, invitations, type UserRow, users } from "./tables.ts"
import type { TokenPair } from "./tokens.ts"
import { toUserView } from "./views.ts"

export type Registered = { readonly user: UserRow; readonly organization: OrganizationRow; readonly pair: TokenPair }

/** Joins an organization by the token of an invitation, which works once. Roles come from the invitation, never from the body. */
export async function redeemInvitation(ctx: PublicCtx, input: RedeemInput): Promise<Result<Registered>> {
  const tokenHash = await sha256Hex(input.invitation_token)
  const invitation = await anybody(ctx).one(invitations, and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, ctx.now)))
  const organization = invitation === undefined ? undefined : await organizationStore(ctx).byId(invitation.orgId)
  if (invitation === undefined || organization === undefined) return err(tokenIsOver)
  if (organization.status !== "ACTIVE") return refuse("ORGANIZATION_DEACTIVATED", "The organization takes nobody in any more.")
  const db = homeOf(ctx, invitation.orgId)
  // First in the batch: of two requests with one token, the second finds nothing to delete.
  ctx.work.add(
    db.delete(invitations, and(eq(invitations.id, invitation.id), eq(invitations.tokenHash, tokenHash))),
    guardChanged("TOKEN_EXPIRED"),
  )
  const user = invitation.userId === null ? await join(ctx, db, invitation, input) : await complete(ctx, db, invitation, input)
  if (user === undefined) return err(tokenIsOver)
  ctx.work.audit(db, {
    action: "identity.invitation.redeem",
    entity: "user",
    entityId: user.id,
    after: toUserView(user),
    actor: refOfUser(user),
  })
  const customRoles = await customRolesOf(db, user.roles)
  const pair = await startSession(ctx, {
    user,
    organization: { slug: organization.slug, isReadOnly: false, version: organization.version },
    customRoles,
  })
  return ok({ user, organization, pair })
}

/** A person nobody made ahead. */
async function join(ctx: PublicCtx, db: TenantDb, { email, roles }: InvitationRow, { password, full_name }: RedeemInput): Promise<UserRow> {
  await assertEmailFree(ctx, email)
  const user = newUser(ctx, {
    orgId: db.orgId,
    email,
    fullName: full_name ?? nameFromEmail(email),
    passwordHash: await hashed(ctx, password),
    roles,
  })
  ctx.work.add(db.insert(users, user)).onConflict("users.email", emailTaken).event(db, identityEvents.userCreated, toUserView(user))
  return user
}

/** A user made ahead, who chooses a password now. */
async function complete(
  ctx: PublicCtx,
  db: TenantDb,
  { userId }: InvitationRow,
  { password, full_name }: RedeemInput,
): Promise<UserRow | undefined> {
  const before = userId === null ? undefined : await db.byId(users, userId)
  if (before?.isActive !== true) return undefined
  const user = await setPassword(ctx, db, before, password, full_name === undefined ? {} : { fullName: full_name })
  ctx.work.event(db, identityEvents.userUpdated, toUserView(user))
  return user
}
