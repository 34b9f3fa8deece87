import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { identityEndpoints } from "../../../src/domains/identity/index.ts"
import { appOf } from "../../support/app.ts"

test("kept mails do not exist but in development: the path answers like an unknown one", async () => {
  const call = appOf(identityEndpoints, { env: { ...env, ENVIRONMENT: "production" } })
  const told = async (path: string, init?: RequestInit) => {
    const response = await call(path, init)
    return [response.status, { ...((await response.json()) as object), request_id: null }]
  }
  const unknown = await told("/dev/nothing")
  for (const path of ["/dev/mail", "/dev/mail?to=someone@example.test", "/dev/mail?to=a&to=b"]) expect(await told(path)).toEqual(unknown)
  expect(await told("/dev/mail", { method: "POST" })).toEqual(unknown)
})
