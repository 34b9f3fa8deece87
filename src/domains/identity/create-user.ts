import { eq } from "drizzle-orm"
import type { Ctx } from "../../platform/http/context.ts"
import { assertEmailFree } from "./accounts.ts"
import { identityEvents } from "./events.ts"
import { hashed } from "./hashing.ts"
import { sendInvitation } from "./invite.ts"
import { newUser } from "./new-user.ts"
import { emailTaken } from "./refusals.ts"
import { assertAssignable } from "./role-authority.ts"
import type { CreateUser } from "./schemas.ts"
import { invitations, type UserRow, users } from "./tables.ts"
import { toUserView } from "./views.ts"

/** A colleague, with a password or with an invitation to choose one. An open invitation of the address gives way. */
export async function createUser(ctx: Ctx, input: CreateUser): Promise<UserRow> {
  const unchanged = await assertAssignable(ctx, input.roles)
  await assertEmailFree(ctx, input.email)
  const { password } = input
  const user = newUser(ctx, {
    orgId: ctx.orgId,
    email: input.email,
    fullName: input.full_name,
    passwordHash: password === undefined ? null : await hashed(ctx, password),
    roles: input.roles,
  })
  ctx.work
    .add(...unchanged, ctx.db.delete(invitations, eq(invitations.email, user.email)), ctx.db.insert(users, user))
    .onConflict("users.email", emailTaken)
    .audit(ctx.db, { action: "identity.user.create", entity: "user", entityId: user.id, after: toUserView(user) })
    .event(ctx.db, identityEvents.userCreated, toUserView(user))
  if (password === undefined) await sendInvitation(ctx, ctx.db, user.email, user.roles, user.id)
  return user
}
