import { sql } from "drizzle-orm"
import { platformOrganizationId } from "../../kernel/ids.ts"
import { guard } from "../../platform/db/guards.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { assertEmailFree, homeOf } from "./accounts.ts"
import { hashed } from "./hashing.ts"
import { newUser } from "./new-user.ts"
import { emailTaken } from "./refusals.ts"
import { type UserRow, users } from "./tables.ts"
import { toUserView } from "./views.ts"

type Person = { readonly email: string; readonly password: string; readonly fullName: string }

/** The platform's first super_admin, while it has nobody. @throws RefusalError CONFLICT once it has; EMAIL_TAKEN. */
export async function makeFirstSuperAdmin(ctx: PublicCtx, { email, password, fullName }: Person): Promise<UserRow> {
  await assertEmailFree(ctx, email)
  const db = homeOf(ctx, platformOrganizationId)
  const user = newUser(ctx, {
    orgId: platformOrganizationId,
    email,
    fullName,
    passwordHash: await hashed(ctx, password),
    roles: ["super_admin"],
  })
  ctx.work
    .add(guard("CONFLICT", sql`not exists (select 1 from users where org_id = ${platformOrganizationId})`), db.insert(users, user))
    .onConflict("users.email", emailTaken)
    .audit(db, { action: "identity.user.create", entity: "user", entityId: user.id, after: toUserView(user) })
  return user
}
