import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { announceEvents, endConnections } from "../../durable-objects/event-hub/client.ts"
import { createApp } from "../../src/app.ts"
import { newId, type OrganizationId, platformOrganizationId, type UserId } from "../../src/kernel/ids.ts"
import { signAccessToken } from "../../src/platform/auth/access-token.ts"
import type { Directory } from "../../src/platform/auth/authenticate.ts"
import type { Permission } from "../../src/platform/auth/permissions.ts"
import { type Bindings, configOf } from "../../src/platform/env.ts"
import type { Endpoint } from "../../src/platform/http/endpoint.ts"
import type { Observer } from "../../src/platform/log/observer.ts"

const nobody: Directory = {
  apiKeyByHash: async () => undefined,
  organizationByIdOrSlug: async () => undefined,
  claimsOfTicket: async () => undefined,
}

export const blind: Observer = { request: () => undefined, failure: () => undefined }

type Options = { readonly env?: Bindings; readonly observer?: Observer; readonly directory?: Directory; readonly clock?: () => number }

/** An app of these endpoints alone: real bindings and pipeline, without the domains that a test does not concern. */
export function appOf(
  endpoints: readonly Endpoint[],
  { env: bindings = env, observer = blind, directory = nobody, clock = Date.now }: Options = {},
) {
  const app = createApp(endpoints, { directory, observer, live: { announce: announceEvents, revoke: endConnections }, clock })
  return async (path: string, init: RequestInit = {}): Promise<Response> => {
    const execution = createExecutionContext()
    const response = await app.fetch(new Request(`http://waybill.test${path}`, init), bindings, execution)
    await waitOnExecutionContext(execution)
    return response
  }
}

type Person = {
  readonly orgId: OrganizationId
  readonly roles: readonly string[]
  readonly userId?: UserId
  readonly name?: string
  readonly orgSlug?: string
  readonly customPermissions?: readonly Permission[]
  readonly isReadOnly?: boolean
}

/** An access token of a session of its own. No row stands behind it: authentication reads none. */
export const accessTokenOf = ({
  orgId,
  roles,
  userId = newId("usr", Date.now()),
  name = "Test Person",
  orgSlug = orgId.slice(-12),
  customPermissions = [],
  isReadOnly = false,
}: Person): Promise<string> =>
  signAccessToken(
    configOf(env).JWT_KEYS,
    { userId, orgId, orgSlug, sessionId: newId("ses", Date.now()), name, roles, customPermissions, isReadOnly },
    Date.now(),
  )

/** The header of somebody signed in. */
export const signedIn = async (person: Person): Promise<{ authorization: string }> => ({
  authorization: `Bearer ${await accessTokenOf(person)}`,
})

export const asPlatformStaff = (): Promise<{ authorization: string }> => signedIn({ orgId: platformOrganizationId, roles: ["super_admin"] })
