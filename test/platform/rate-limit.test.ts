import { describe, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { RefusalError } from "../../src/kernel/result.ts"
import { second } from "../../src/kernel/time.ts"
import type { Bindings, Config } from "../../src/platform/env.ts"
import { limitPrincipal } from "../../src/platform/http/rate-limit.ts"

const config = { RATE_PRINCIPAL_LIMIT: 50 } as unknown as Config
const start = 1_800_000_000_000

/** A binding that grants so many leases, and how often it was asked. */
function limiter(granted: number) {
  const asked: string[] = []
  const limit: RateLimit = {
    limit: async ({ key }: { key: string }) => {
      asked.push(key)
      return { success: asked.filter((other) => other === key).length <= granted }
    },
  }
  return { asked, env: { RATE_PRINCIPAL: limit } as unknown as Bindings }
}

/** How many of the requests, made one after the other at these instants, are let through. */
async function passed(env: Bindings, who: string, instants: readonly number[]): Promise<number> {
  let count = 0
  for (const at of instants) {
    try {
      await limitPrincipal(env, config, who, at)
      count += 1
    } catch (error) {
      expect(error).toBeInstanceOf(RefusalError)
    }
  }
  return count
}

const times = (count: number, at: (index: number) => number = () => start) => Array.from({ length: count }, (_, index) => at(index))

describe("the rate of a principal", () => {
  test("asks the binding once for ten requests", async () => {
    const { asked, env } = limiter(1_000)
    expect(await passed(env, "usr_a", times(100))).toBe(100)
    expect(asked).toHaveLength(100 / limits.principalLeaseRequests)
  })

  test("never lets more through than the binding granted, one after the other or at once", async () => {
    const { env } = limiter(5)
    expect(await passed(env, "usr_a", times(200))).toBe(5 * limits.principalLeaseRequests)
    const together = limiter(5)
    const settled = await Promise.allSettled(times(200).map((at) => limitPrincipal(together.env, config, "usr_a", at)))
    expect(settled.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(5 * limits.principalLeaseRequests)
  })

  test("spends every request that was paid for, by however many at once", async () => {
    const { asked, env } = limiter(1_000)
    await Promise.all(times(8).map((at) => limitPrincipal(env, config, "usr_a", at)))
    await passed(env, "usr_a", times(8 * limits.principalLeaseRequests - 8))
    expect(asked, "eight asked before the first had its answer, and what they paid for was enough").toHaveLength(8)
  })

  test("lets a lease lapse, so that nothing is saved up", async () => {
    const { asked, env } = limiter(1_000)
    await passed(
      env,
      "usr_a",
      times(5, (index) => start + index * limits.principalLeaseSeconds * second),
    )
    expect(asked).toHaveLength(5)
  })

  test("keeps principals, and deployments' limiters, apart", async () => {
    const { asked, env } = limiter(1)
    expect(await passed(env, "usr_a", times(20))).toBe(limits.principalLeaseRequests)
    expect(await passed(env, "usr_b", times(20))).toBe(limits.principalLeaseRequests)
    expect(new Set(asked)).toEqual(new Set(["usr_a", "usr_b"]))
    expect(await passed(limiter(0).env, "usr_a", times(3))).toBe(0)
  })

  test("says when to come again, and by which policy", async () => {
    const refusal = await limitPrincipal(limiter(0).env, config, "usr_a", start).catch((error: unknown) => error)
    expect((refusal as RefusalError).refusal).toMatchObject({
      code: "RATE_LIMITED",
      extra: { retryAfterSeconds: 60, headers: { "ratelimit-policy": '"principal";q=50;w=60' } },
    })
  })

  test("remembers a bounded number of principals", async () => {
    const { asked, env } = limiter(1_000)
    for (let index = 0; index <= limits.principalLeasesMax; index += 1) await limitPrincipal(env, config, `usr_${index}`, start)
    const before = asked.length
    await limitPrincipal(env, config, "usr_0", start)
    expect(asked.length, "the oldest made way").toBe(before + 1)
    await limitPrincipal(env, config, `usr_${limits.principalLeasesMax}`, start)
    expect(asked.length).toBe(before + 1)
  })
})
