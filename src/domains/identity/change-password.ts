import { ok, type Result, refuse } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { endOtherSessions } from "./end-sessions.ts"
import { isPassword } from "./hashing.ts"
import { ownRow, selfOf } from "./self.ts"
import { setPassword } from "./set-password.ts"

type Passwords = { readonly current_password: string; readonly new_password: string }

/** One's own password, by the one it was. Every other session ends; this one stays. */
export async function changePassword(ctx: Ctx, { current_password, new_password }: Passwords): Promise<Result<null>> {
  const self = selfOf(ctx)
  const user = await ownRow(self)
  if (!(await isPassword(ctx, current_password, user.passwordHash))) {
    return refuse("INVALID_CREDENTIALS", "The current password is wrong.", {
      errors: [{ pointer: "/current_password", code: "WRONG", message: "This is not the current password." }],
    })
  }
  await setPassword(ctx, self.home, user, new_password)
  await endOtherSessions(ctx, self.home, user.id, self.actor.sessionId)
  ctx.work.audit(self.home, { action: "identity.password.change", entity: "user", entityId: user.id })
  return ok(null)
}
