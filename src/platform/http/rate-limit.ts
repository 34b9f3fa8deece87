import { RefusalError } from "../../kernel/result.ts"
import type { Origin } from "../db/unit-of-work.ts"
import type { Bindings, Config } from "../env.ts"

const periodSeconds = 60

/** The binding says only yes or no, so a refusal names the policy and asks for a whole period's patience at most. */
async function take(limiter: RateLimit, key: string, name: string, limit: number): Promise<void> {
  const { success } = await limiter.limit({ key })
  if (success) return
  throw new RefusalError({
    code: "RATE_LIMITED",
    detail: `At most ${limit} requests in ${periodSeconds} seconds.`,
    extra: { retryAfterSeconds: periodSeconds, headers: { "ratelimit-policy": `"${name}";q=${limit};w=${periodSeconds}` } },
  })
}

const addressOf = (origin: Origin): string => origin.ipAddress ?? "unknown"

export const limitPrincipal = (env: Bindings, config: Config, principalId: string): Promise<void> =>
  take(env.RATE_PRINCIPAL, principalId, "principal", config.RATE_PRINCIPAL_LIMIT)

export const limitAddress = (env: Bindings, config: Config, origin: Origin): Promise<void> =>
  take(env.RATE_ADDRESS, addressOf(origin), "address", config.RATE_ADDRESS_LIMIT)

/**
 * Guessing a password counts by address and account together, before anything is hashed. It never counts by
 * account alone, or anybody could lock somebody else out.
 */
export async function limitSignIn(env: Bindings, config: Config, origin: Origin, body: unknown): Promise<void> {
  const { email, username } = (typeof body === "object" && body !== null ? body : {}) as { email?: unknown; username?: unknown }
  const account = String(email ?? username ?? "").trim().toLowerCase()
  await take(env.RATE_SIGN_IN, `${addressOf(origin)} ${account}`, "sign-in", config.RATE_SIGN_IN_LIMIT)
}
