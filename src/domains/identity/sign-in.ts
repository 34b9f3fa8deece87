import { eq } from "drizzle-orm"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import { needsRehash } from "../../platform/auth/password.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { accountByEmail, guardAccount, homeOf } from "./accounts.ts"
import { hashed, isPassword } from "./hashing.ts"
import { startSession } from "./start-session.ts"
import { users } from "./tables.ts"
import type { TokenPair } from "./tokens.ts"

/**
 * INV-ID-1: an unknown address, a wrong password, a disabled user and one who never chose a password get the same
 * answer after the same work.
 */
export async function signIn(ctx: PublicCtx, { email, password }: { email: string; password: string }): Promise<Result<TokenPair>> {
  const account = await accountByEmail(ctx, email)
  const stored = account?.user.isActive === true ? account.user.passwordHash : null
  const isRight = await isPassword(ctx, password, stored)
  if (account === undefined || stored === null || !isRight) return refuse("INVALID_CREDENTIALS")
  if (needsRehash(stored)) {
    const passwordHash = await hashed(ctx, password)
    ctx.work.add(homeOf(ctx, account.user.orgId).update(users, eq(users.id, account.user.id), { passwordHash }))
  }
  // Whoever changed the account while the password was hashed is rare, and a second try sees the change.
  ctx.work.add(guardAccount(account, "UNAVAILABLE"))
  return ok(await startSession(ctx, account))
}
