import { hashingGate } from "../../platform/auth/hashing-gate.ts"
import { hashPassword, verifyPassword } from "../../platform/auth/password.ts"
import type { PublicCtx } from "../../platform/http/context.ts"

/** Hashes cost the thread dear, so each waits for its turn. @throws RefusalError RATE_LIMITED when too many wait. */
export const hashed = (ctx: PublicCtx, password: string): Promise<string> => hashingGate.run(() => hashPassword(password), ctx.defer)

/** Whether it is the password that the hash was made of; against no hash it takes as long. @throws RefusalError RATE_LIMITED. */
export const isPassword = (ctx: PublicCtx, password: string, hash: string | null): Promise<boolean> =>
  hashingGate.run(() => verifyPassword(password, hash), ctx.defer)
