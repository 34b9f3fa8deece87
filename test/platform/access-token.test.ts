import { describe, expect, test } from "vitest"
import { newId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { second } from "../../src/kernel/time.ts"
import { signAccessToken, verifyAccessToken } from "../../src/platform/auth/access-token.ts"

const now = 1_800_000_000_000
const ring = () => [{ kid: "k1", secret: "a-signing-key-of-this-test-alone-000000000" }]
const claims = () => ({
  userId: newId("usr", now),
  orgId: newId("org", now),
  orgSlug: "some",
  sessionId: newId("ses", now),
  name: "Somebody",
  roles: ["owner"],
  customPermissions: [],
  isReadOnly: false,
})

describe("a token that was verified before", () => {
  test("is still refused from the instant it expires", async () => {
    const keys = ring()
    const token = await signAccessToken(keys, claims(), now)
    const end = now + limits.accessTokenSeconds * second
    expect((await verifyAccessToken(keys, token, now)).ok).toBe(true)
    expect((await verifyAccessToken(keys, token, end - 1)).ok).toBe(true)
    expect(await verifyAccessToken(keys, token, end)).toEqual({ ok: false, error: "TOKEN_EXPIRED" })
    expect(await verifyAccessToken(ring(), token, end), "as one that never was").toEqual({ ok: false, error: "TOKEN_EXPIRED" })
  })

  test("lends nothing to one that differs from it anywhere", async () => {
    const keys = ring()
    const token = await signAccessToken(keys, claims(), now)
    await verifyAccessToken(keys, token, now)
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === "A" ? "g" : "A"
      const altered = token.slice(0, index) + other + token.slice(index + 1)
      expect((await verifyAccessToken(keys, altered, now)).ok, `altered at ${index}`).toBe(false)
    }
  })

  test("is nothing to another key ring", async () => {
    const keys = ring()
    const token = await signAccessToken(keys, claims(), now)
    await verifyAccessToken(keys, token, now)
    const others = [{ kid: "k1", secret: "another-signing-key-of-this-test-000000000" }]
    expect(await verifyAccessToken(others, token, now)).toEqual({ ok: false, error: "UNAUTHENTICATED" })
  })
})
