import { eq } from "drizzle-orm"
import { sha256Hex } from "../../kernel/digest.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { anybody, homeOf, refOfUser } from "./accounts.ts"
import { endAllSessions } from "./end-sessions.ts"
import { tokenIsOver } from "./refusals.ts"
import { setPassword } from "./set-password.ts"
import { resetTokens, users } from "./tables.ts"

/** Sets a new password by a token from a mail. It works once, and whoever was signed in is not any more. */
export async function resetPassword(ctx: PublicCtx, { token, password }: { token: string; password: string }): Promise<Result<null>> {
  const hash = await sha256Hex(token)
  const row = await anybody(ctx).one(resetTokens, eq(resetTokens.hash, hash))
  if (row === undefined || row.expiresAt <= ctx.now) return err(tokenIsOver)
  const db = homeOf(ctx, row.orgId)
  const user = await db.byId(users, row.userId)
  if (user?.isActive !== true) return err(tokenIsOver)
  // First in the batch: of two requests with one token, the second finds nothing to delete.
  ctx.work.add(db.delete(resetTokens, eq(resetTokens.hash, hash)), guardChanged("TOKEN_EXPIRED"))
  await setPassword(ctx, db, user, password)
  endAllSessions(ctx, db, user.id)
  ctx.work.audit(db, { action: "identity.password.reset", entity: "user", entityId: user.id, actor: refOfUser(user) })
  return ok(null)
}
