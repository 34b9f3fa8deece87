import { and, eq } from "drizzle-orm"
import { guardChanged } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { hashed } from "./hashing.ts"
import { invitations, resetTokens, type UserRow, users } from "./tables.ts"

/** A new password for an existing user. Whatever else could set one, an open reset or invitation, ends with it. */
export async function setPassword(
  ctx: PublicCtx,
  db: TenantDb,
  user: UserRow,
  password: string,
  changes: { fullName?: string } = {},
): Promise<UserRow> {
  const passwordHash = await hashed(ctx, password)
  const written = { ...changes, passwordHash, version: user.version + 1, updatedAt: ctx.now }
  ctx.work.add(
    db.update(users, and(eq(users.id, user.id), eq(users.version, user.version)), written),
    guardChanged("VERSION_MISMATCH"),
    db.delete(resetTokens, eq(resetTokens.userId, user.id)),
    db.delete(invitations, eq(invitations.email, user.email)),
  )
  return { ...user, ...written }
}
