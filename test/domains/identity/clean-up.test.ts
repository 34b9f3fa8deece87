import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { cleanUpIdentity } from "../../../src/domains/identity/index.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { day } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { cleanUpPlatform } from "../../../src/platform/jobs/clean-up.ts"
import { api, newEmail, signUp, tokenMailedTo, unique } from "../../support/world.ts"

const tables = ["sessions", "refresh_tokens", "reset_tokens", "invitations", "idempotency_keys", "kept_mails", "revocations"]

async function counts(): Promise<Record<string, number>> {
  const results = await env.DB.batch<{ n: number }>(tables.map((table) => env.DB.prepare(`select count(*) as n from ${table}`)))
  return Object.fromEntries(tables.map((table, index) => [table, results[index]?.results[0]?.n ?? -1]))
}

test("what has expired goes, what has not stays", async () => {
  const { owner, token } = await signUp()
  await api("POST", "/invitations", { token, body: { email: newEmail(), roles: ["staff"] }, headers: { "idempotency-key": unique("key") } })
  await api("POST", "/auth/forgot-password", { body: { email: owner.email } })
  await tokenMailedTo(owner.email)
  await api("POST", "/auth/refresh", { body: { refresh_token: owner.refreshToken } })
  await api("POST", "/auth/logout", { token })
  const before = await counts()
  for (const table of tables) expect([table, (before[table] ?? 0) > 0]).toEqual([table, true])

  expect(await cleanUpIdentity(env, new Meter(), Date.now())).toBe(0)
  expect(await cleanUpPlatform(env, new Meter(), Date.now())).toBe(0)
  expect(await counts()).toEqual(before)

  const later = Date.now() + (limits.refreshTokenDays + 2) * day
  await cleanUpIdentity(env, new Meter(), later)
  await cleanUpPlatform(env, new Meter(), later)
  expect(await counts()).toEqual(Object.fromEntries(tables.map((table) => [table, 0])))
})
