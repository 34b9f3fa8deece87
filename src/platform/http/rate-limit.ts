import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { type Instant, second } from "../../kernel/time.ts"
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

const groupsOfNetwork = 4

/**
 * Whom an address counts as. An IPv6 customer gets a /64 at least, and would have a fresh allowance with each of its
 * 2^64 addresses: the network counts as one.
 */
export function networkOf(ipAddress: string | null): string {
  if (ipAddress === null) return "unknown"
  if (!ipAddress.includes(":") || ipAddress.includes(".")) return ipAddress
  const [head = "", tail] = ipAddress.toLowerCase().split("::")
  const leading = head.split(":").filter(Boolean)
  const trailing = (tail ?? "").split(":").filter(Boolean)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - leading.length - trailing.length)
  const groups = [...leading, ...Array.from({ length: zeros }, () => "0"), ...trailing].map((group) => group.replace(/^0+(?=.)/, ""))
  return `${groups.slice(0, groupsOfNetwork).join(":")}::/64`
}

/** Requests that are paid for already, and until when they may be made. */
type Lease = { remaining: number; readonly until: Instant }

const leasesByLimiter = new WeakMap<RateLimit, Map<string, Lease>>()

function leasesOf(limiter: RateLimit): Map<string, Lease> {
  const known = leasesByLimiter.get(limiter)
  if (known !== undefined) return known
  const leases = new Map<string, Lease>()
  leasesByLimiter.set(limiter, leases)
  return leases
}

/**
 * Counts a request of whoever signed in. The binding is asked for ten requests at a time, before the first of them is
 * made: the isolate spends the other nine within ten seconds, or they lapse. Requests that ask at once each pay for ten, and
 * all of these are spent. So nobody gets more than the limit, and nine requests of ten ask nobody (decisions 0006, 0011).
 */
export async function limitPrincipal(env: Bindings, config: Config, principalId: string, now: Instant): Promise<void> {
  const leases = leasesOf(env.RATE_PRINCIPAL)
  const lease = leases.get(principalId)
  if (lease !== undefined && lease.remaining > 0 && now < lease.until) {
    lease.remaining -= 1
    return
  }
  await take(env.RATE_PRINCIPAL, principalId, "principal", config.RATE_PRINCIPAL_LIMIT)
  // Others of the same principal may have paid meanwhile: what they left is spent, too, and not thrown away.
  const paid = leases.get(principalId)
  const left = paid !== undefined && now < paid.until ? paid.remaining : 0
  leases.delete(principalId)
  const [oldest] = leases.keys()
  if (leases.size >= limits.principalLeasesMax && oldest !== undefined) leases.delete(oldest)
  leases.set(principalId, { remaining: left + limits.principalLeaseRequests - 1, until: now + limits.principalLeaseSeconds * second })
}

export const limitAddress = (env: Bindings, config: Config, origin: Origin): Promise<void> =>
  take(env.RATE_ADDRESS, networkOf(origin.ipAddress), "address", config.RATE_ADDRESS_LIMIT)

/**
 * Guessing a password counts by address and account together, before anything is hashed. It never counts by
 * account alone, or anybody could lock somebody else out; but whoever is signed in already counts as themselves
 * from wherever they come, since no stranger can spend that allowance.
 */
export async function limitSignIn(env: Bindings, config: Config, origin: Origin, body: unknown, principalId?: string): Promise<void> {
  const { email, username } = (typeof body === "object" && body !== null ? body : {}) as { email?: unknown; username?: unknown }
  const account =
    [email, username]
      .find((given) => typeof given === "string")
      ?.trim()
      .toLowerCase() ?? ""
  const who = principalId ?? networkOf(origin.ipAddress)
  await take(env.RATE_SIGN_IN, `${who} ${account}`, "sign-in", config.RATE_SIGN_IN_LIMIT)
}
