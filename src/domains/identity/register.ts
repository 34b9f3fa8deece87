import { newId } from "../../kernel/ids.ts"
import { ok, type Result } from "../../kernel/result.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { foundOrganization, type NewOrganization, type OrganizationRow } from "../organizations/index.ts"
import { assertEmailFree, homeOf, refOfUser } from "./accounts.ts"
import { identityEvents } from "./events.ts"
import { hashed } from "./hashing.ts"
import { newUser } from "./new-user.ts"
import { type Registered, redeemInvitation } from "./redeem-invitation.ts"
import { emailTaken } from "./refusals.ts"
import { nameFromEmail, ownerRole } from "./rules.ts"
import type { FoundInput, RedeemInput } from "./schemas.ts"
import { startSession } from "./start-session.ts"
import { type UserRow, users } from "./tables.ts"
import { toUserView } from "./views.ts"

/** The ways in: found an organization and own it, or join one by invitation. */
export const register = (ctx: PublicCtx, input: FoundInput | RedeemInput): Promise<Result<Registered>> =>
  "invitation_token" in input ? redeemInvitation(ctx, input) : found(ctx, input)

async function found(ctx: PublicCtx, { email, password, full_name, organization: wanted }: FoundInput): Promise<Result<Registered>> {
  await assertEmailFree(ctx, email)
  const passwordHash = await hashed(ctx, password)
  const { user, organization } = await foundWithOwner(ctx, { email, passwordHash, fullName: full_name, organization: wanted })
  const pair = await startSession(ctx, { user, organization: { slug: organization.slug, isReadOnly: false, version: 1 }, customRoles: [] })
  return ok({ user, organization, pair })
}

type Founding = {
  readonly email: string
  readonly passwordHash: string
  readonly fullName: string | undefined
  readonly organization: NewOrganization
}

/** An organization and its first owner, in the caller's unit of work. */
export async function foundWithOwner(
  ctx: PublicCtx,
  { email, passwordHash, fullName, organization: wanted }: Founding,
): Promise<{ user: UserRow; organization: OrganizationRow }> {
  const person = { id: newId("usr", ctx.now), fullName: fullName ?? nameFromEmail(email) }
  const organization = await foundOrganization(ctx, wanted, {
    slugPointer: "/organization/slug",
    founder: ({ id }) => refOfUser({ ...person, orgId: id }),
  })
  const db = homeOf(ctx, organization.id)
  const user = newUser(ctx, { ...person, orgId: organization.id, email, passwordHash, roles: [ownerRole] })
  ctx.work
    .add(db.insert(users, user))
    .onConflict("users.email", emailTaken)
    .audit(db, { action: "identity.user.register", entity: "user", entityId: user.id, after: toUserView(user), actor: refOfUser(user) })
    .event(db, identityEvents.userCreated, toUserView(user))
  return { user, organization }
}
