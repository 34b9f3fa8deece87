import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { announceEvents, endConnections } from "../../durable-objects/event-hub/client.ts"
import { createApp } from "../../src/app.ts"
import { claimsOfTicket } from "../../src/domains/chat/index.ts"
import { endpoints } from "../../src/domains/endpoints.ts"
import { directory } from "../../src/domains/identity/index.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { blind } from "../support/app.ts"

type Variables = Partial<
  Record<
    "ENVIRONMENT" | "PUBLIC_URL" | "CORS_ORIGINS" | "BASE_DOMAIN" | "RESEND_API_KEY" | "EXPOSE_SERVER_TIMING" | "WEBHOOK_PRIVATE_TARGETS",
    string
  >
>
type Call = (url: string, init?: RequestInit) => Promise<Response>

/** The whole application as somebody deployed it with these variables, over the tests' own database and objects. `url` is absolute: its host is part of many an attack. */
export function deployed(variables: Variables, clock: () => number = Date.now): Call {
  const bindings: Bindings = { ...env, ...variables }
  const app = createApp(endpoints, {
    directory: { ...directory, claimsOfTicket },
    observer: blind,
    live: { announce: announceEvents, revoke: endConnections },
    clock,
  })
  return async (url, init = {}) => {
    const execution = createExecutionContext()
    const response = await app.fetch(new Request(url, init), bindings, execution)
    await waitOnExecutionContext(execution)
    return response
  }
}

export const json = (body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
})
