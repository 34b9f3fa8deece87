import { and, eq, gt, sql } from "drizzle-orm"
import { randomSecret, sha256Hex } from "../../kernel/digest.ts"
import { limits } from "../../kernel/limits.ts"
import { minute } from "../../kernel/time.ts"
import { guard } from "../../platform/db/guards.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { post } from "../../platform/mail/post.ts"
import { accountByEmail, homeOf, refOfUser } from "./accounts.ts"
import { resetMail } from "./mails.ts"
import { resetTokens } from "./tables.ts"

/** Beyond these no further mail goes out, so that nobody's mailbox is flooded and no open token is lost to a stranger's asking. */
const openTokensMax = 5

/** INV-ID-1: all of it after the answer, so that neither the answer nor its time says whether the address exists. */
export function forgotPassword(ctx: PublicCtx, email: string): void {
  ctx.defer(startReset(ctx, email).catch((error: unknown) => log.error("a password reset did not start", { error: describeError(error) })))
}

async function startReset(ctx: PublicCtx, email: string): Promise<void> {
  const account = await accountByEmail(ctx, email)
  if (account?.user.isActive !== true) return
  const { user } = account
  const db = homeOf(ctx, user.orgId)
  const open = await db.many(resetTokens, {
    where: and(eq(resetTokens.userId, user.id), gt(resetTokens.expiresAt, ctx.now)),
    limit: openTokensMax,
  })
  if (open.length >= openTokensMax) return
  const token = randomSecret()
  await new UnitOfWork(ctx.now, ctx.origin)
    // INV-ID-7: whoever lost the address or was disabled meanwhile gets no token there.
    .add(
      guard("CONFLICT", sql`exists (select 1 from users where org_id = ${user.orgId} and id = ${user.id} and version = ${user.version})`),
      db.insert(resetTokens, { hash: await sha256Hex(token), userId: user.id, expiresAt: ctx.now + limits.resetTokenMinutes * minute }),
    )
    .audit(db, {
      action: "identity.password.request-reset",
      entity: "user",
      entityId: user.id,
      actor: { ...refOfUser(user), kind: "SYSTEM", id: null, name: "Anybody" },
    })
    .commit(db)
  await post(ctx, resetMail(ctx.publicUrl, user.email, token))
}
