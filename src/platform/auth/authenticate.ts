import { sha256Hex } from "../../kernel/digest.ts"
import { type ApiKeyId, type OrganizationId, platformOrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { Meter } from "../db/meter.ts"
import { acrossTenants } from "../db/tenant-db.ts"
import type { Bindings, Config } from "../env.ts"
import { type AccessClaims, verifyAccessToken } from "./access-token.ts"
import type { Actor } from "./actor.ts"
import { allPermissions, isPlatformPermission, type Permission, visitorPermission } from "./permissions.ts"
import { RevocationList, type Subject } from "./revocations.ts"
import { permissionsOf } from "./roles.ts"

type FoundApiKey = {
  readonly id: ApiKeyId
  readonly name: string
  readonly orgId: OrganizationId
  readonly orgSlug: string
  readonly permissions: readonly Permission[]
  readonly isReadOnly: boolean
  readonly expiresAt: Instant | null
}

type FoundOrganization = { readonly id: OrganizationId; readonly slug: string; readonly isReadOnly: boolean }

/** What authentication asks of domains it does not know. */
export type Directory = {
  apiKeyByHash(env: Bindings, meter: Meter, hash: string): Promise<FoundApiKey | undefined>
  organizationByIdOrSlug(env: Bindings, meter: Meter, idOrSlug: string): Promise<FoundOrganization | undefined>
  /** The claims of the token that a one-time ticket was given for; it is spent by asking. */
  claimsOfTicket(env: Bindings, meter: Meter, ticket: string): Promise<AccessClaims | undefined>
}

/** What an actor's rights rest on, for connections that outlive the request. */
export type Grant = {
  /** What a revocation of it may name. */
  readonly subjects: readonly Subject[]
  readonly issuedAt: Instant
  /** A connection ends by then, whatever it rests on: who opens it anew says again who they are. */
  readonly expiresAt: Instant
}

export type Authenticated = {
  readonly actor: Actor
  /** The organization that platform staff stepped into for this request. */
  readonly selectedOrganization: OrganizationId | undefined
  readonly grant: Grant
}

export const apiKeyPrefix = "wbk_"

const cachedKeysMax = 10_000

/** What an isolate remembers between requests; nothing in it is needed for correctness. */
export const isolate = {
  revocations: new RevocationList(),
  apiKeys: new Map<string, { readonly key: FoundApiKey; readonly loadedAt: Instant }>(),
}

type AuthRequest = {
  readonly env: Bindings
  readonly config: Config
  readonly meter: Meter
  readonly now: Instant
  readonly headers: Headers
  readonly url: string
  /** Browsers set no headers on a WebSocket: its credential may be a ticket or stand among the subprotocols. */
  readonly isSocket: boolean
  readonly keepAlive: (work: Promise<unknown>) => void
}

const unauthenticated = (detail: string) => new RefusalError({ code: "UNAUTHENTICATED", detail })

/** The actor behind a request. @throws RefusalError when there is none. */
export async function authenticate(request: AuthRequest, directory: Directory): Promise<Authenticated> {
  const ticket = request.isSocket ? ticketOf(request.url) : undefined
  const header = request.headers.get("authorization") ?? (request.isSocket ? protocolCredential(request.headers) : null)
  if (header === null && ticket !== undefined) return withTicket(request, directory, ticket)
  if (header === null && request.isSocket)
    throw unauthenticated(
      "Open the socket with ?ticket= of POST /api/v1/chat/tickets, or with the subprotocols waybill.v1, bearer.<access token>.",
    )
  if (header === null) throw unauthenticated("Send an Authorization header: Bearer and an access token or API key.")
  const credential = /^Bearer +([^\s]+)$/i.exec(header)?.[1]
  if (credential === undefined) throw unauthenticated("The Authorization header must read Bearer and one token.")
  await refreshRevocations(request)
  return credential.startsWith(apiKeyPrefix) ? withApiKey(request, directory, credential) : withAccessToken(request, directory, credential)
}

/** Whether what a connection rests on was revoked since, as this isolate knows by now. @throws RefusalError UNAVAILABLE when it cannot know. */
export async function isRevoked(asking: Pick<AuthRequest, "env" | "meter" | "now" | "keepAlive">, grant: Grant): Promise<boolean> {
  await refreshRevocations(asking)
  return isolate.revocations.isRevoked(grant.subjects, grant.issuedAt)
}

/** `Sec-WebSocket-Protocol: waybill.v1, bearer.<token>` as an Authorization header would have it. */
function protocolCredential(headers: Headers): string | null {
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((protocol) => protocol.trim())
  const credential = offered.find((protocol) => protocol.startsWith("bearer."))
  return credential === undefined ? null : `Bearer ${credential.slice("bearer.".length)}`
}

const looksLikeToken = (text: string): boolean => /^eyJ[\w-]*\.|^Bearer\b/i.test(text) || text.startsWith(apiKeyPrefix)

/** The ticket in a socket's address. @throws RefusalError where a token stands there: addresses end up in logs. */
function ticketOf(url: string): string | undefined {
  const query = new URL(url).searchParams
  for (const [name, value] of query) {
    if (looksLikeToken(value) || /^(?:access_?)?token$|^jwt$|^authorization$/i.test(name))
      throw unauthenticated(
        "A token never stands in an address. Ask POST /api/v1/chat/tickets for a ticket and open the socket with ?ticket=.",
      )
  }
  return query.get("ticket") ?? undefined
}

/** A ticket stands for the token it was given for, with whatever became of that token since. */
async function withTicket(request: AuthRequest, directory: Directory, ticket: string): Promise<Authenticated> {
  await refreshRevocations(request)
  const claims = await directory.claimsOfTicket(request.env, request.meter, ticket)
  if (claims === undefined || claims.expiresAt <= request.now)
    throw new RefusalError({ code: "TOKEN_EXPIRED", detail: "The ticket was used before, or has run out; ask for another." })
  return withClaims(request, directory, claims)
}

async function refreshRevocations({ env, meter, now, keepAlive }: Pick<AuthRequest, "env" | "meter" | "now" | "keepAlive">): Promise<void> {
  const freshness = await isolate.revocations.refresh(
    () => acrossTenants(env, meter, "authentication reads what was revoked"),
    now,
    keepAlive,
  )
  if (freshness === "unknown")
    throw new RefusalError({ code: "UNAVAILABLE", detail: "Tokens cannot be checked right now.", extra: { retryAfterSeconds: 5 } })
}

async function withAccessToken(request: AuthRequest, directory: Directory, token: string): Promise<Authenticated> {
  const verified = await verifyAccessToken(request.config.JWT_KEYS, token, request.now)
  if (!verified.ok) {
    throw new RefusalError({
      code: verified.error,
      detail: verified.error === "TOKEN_EXPIRED" ? "The access token has expired; refresh it." : "The access token is not one of ours.",
    })
  }
  return withClaims(request, directory, verified.value)
}

/** What a revocation of which ends a token: its user, its session, its organization, each of its roles. */
export const subjectsOf = ({ userId, sessionId, orgId, roles }: AccessClaims): readonly string[] => [
  userId,
  sessionId,
  orgId,
  ...roles.map((role) => `${orgId}/${role}`),
]

/** Whether the token still holds by what the database says now, for what is to outlive the request by long. @throws when D1 fails. */
export async function stillHolds({ env, meter, now }: Pick<AuthRequest, "env" | "meter" | "now">, claims: AccessClaims): Promise<boolean> {
  await isolate.revocations.refreshNow(acrossTenants(env, meter, "a socket is opened by what was revoked until now"), now)
  return !isolate.revocations.isRevoked(subjectsOf(claims), claims.issuedAt)
}

async function withClaims(request: AuthRequest, directory: Directory, claims: AccessClaims): Promise<Authenticated> {
  const { grant, permissions } = givenBy(claims)
  if (isolate.revocations.isRevoked(grant.subjects, claims.issuedAt)) {
    throw new RefusalError({ code: "TOKEN_EXPIRED", detail: "The access token was revoked; refresh it or sign in again." })
  }
  const wanted = wantedOrganizations(request)
  if (claims.orgId === platformOrganizationId) return { ...(await asPlatformStaff(request, directory, claims, permissions, wanted)), grant }
  assertSameOrganization(wanted, claims.orgId, claims.orgSlug)
  return { actor: userActor(claims, claims.orgId, permissions, claims.isReadOnly), selectedOrganization: undefined, grant }
}

type Given = { readonly grant: Grant; readonly permissions: ReadonlySet<Permission> }

const givenByClaims = new WeakMap<AccessClaims, Given>()

/** What a token gives by itself, in the organization that it is of: worked out once an isolate and token. */
function givenBy(claims: AccessClaims): Given {
  const known = givenByClaims.get(claims)
  if (known !== undefined) return known
  const { orgId, roles, customPermissions, issuedAt, expiresAt } = claims
  const given: Given = {
    grant: { subjects: subjectsOf(claims), issuedAt, expiresAt },
    permissions:
      orgId === platformOrganizationId
        ? permissionsOf(roles)
        : // Whoever belongs to a customer is nobody of the platform's, whatever their row says.
          permissionsOf(
            roles.filter((role) => role !== "super_admin"),
            customPermissions,
          ),
  }
  givenByClaims.set(claims, given)
  return given
}

const userActor = (claims: AccessClaims, orgId: OrganizationId, permissions: ReadonlySet<Permission>, isReadOnly: boolean): Actor => ({
  kind: "USER",
  id: claims.userId,
  name: claims.name,
  orgId,
  homeOrgId: claims.orgId,
  sessionId: claims.sessionId,
  roles: claims.roles,
  permissions,
  isPlatformStaff: claims.orgId === platformOrganizationId,
  isReadOnly,
  claims,
})

/** The platform's own people act on the platform; who may manage organizations enters one by X-Tenant-ID, with all its rights. */
async function asPlatformStaff(
  request: AuthRequest,
  directory: Directory,
  claims: AccessClaims,
  own: ReadonlySet<Permission>,
  wanted: readonly string[],
) {
  const [first] = wanted
  if (first === undefined) return { actor: userActor(claims, platformOrganizationId, own, false), selectedOrganization: undefined }
  if (!own.has(visitorPermission)) throw new RefusalError({ code: "TENANT_MISMATCH", detail: "You may not act in an organization." })
  const organization = await directory.organizationByIdOrSlug(request.env, request.meter, first)
  if (organization === undefined || organization.id === platformOrganizationId)
    throw new RefusalError({ code: "NOT_FOUND", detail: "X-Tenant-ID names no organization." })
  assertSameOrganization(wanted, organization.id, organization.slug)
  const permissions = new Set([...own, ...allPermissions.filter((permission) => !isPlatformPermission(permission))])
  return { actor: userActor(claims, organization.id, permissions, organization.isReadOnly), selectedOrganization: organization.id }
}

async function withApiKey(request: AuthRequest, directory: Directory, secret: string): Promise<Authenticated> {
  const hash = await sha256Hex(secret)
  const found = await findApiKey(request, directory, hash)
  if (found === undefined) throw unauthenticated("The API key is unknown or revoked.")
  if (found.expiresAt !== null && found.expiresAt <= request.now)
    throw new RefusalError({ code: "TOKEN_EXPIRED", detail: "The API key has expired." })
  assertSameOrganization(wantedOrganizations(request), found.orgId, found.orgSlug)
  const { id, name, orgId, isReadOnly } = found
  const actor: Actor = { kind: "API_KEY", id, name, orgId, permissions: new Set(found.permissions), isReadOnly }
  const expiresAt = Math.min(found.expiresAt ?? Number.POSITIVE_INFINITY, request.now + limits.accessTokenSeconds * second)
  return { actor, selectedOrganization: undefined, grant: { subjects: [id, orgId], issuedAt: request.now, expiresAt } }
}

async function findApiKey({ env, meter, now }: AuthRequest, directory: Directory, hash: string): Promise<FoundApiKey | undefined> {
  const cached = isolate.apiKeys.get(hash)
  if (cached !== undefined) {
    const isOld = now - cached.loadedAt > limits.apiKeyCacheSeconds * second
    if (!isOld && !isolate.revocations.isRevoked([cached.key.id, cached.key.orgId], cached.loadedAt)) return cached.key
    isolate.apiKeys.delete(hash)
  }
  const key = await directory.apiKeyByHash(env, meter, hash)
  if (key === undefined) return undefined
  const [oldest] = isolate.apiKeys.keys()
  if (isolate.apiKeys.size >= cachedKeysMax && oldest !== undefined) isolate.apiKeys.delete(oldest)
  isolate.apiKeys.set(hash, { key, loadedAt: now })
  return key
}

/** What a request names as its organization beside the token: by header, and by the first label under BASE_DOMAIN. */
function wantedOrganizations({ headers, url, config }: AuthRequest): readonly string[] {
  const header = headers.get("x-tenant-id")?.trim().toLowerCase() ?? ""
  return [header, subdomainOf(url, config.BASE_DOMAIN)].filter((name) => name !== "")
}

function subdomainOf(url: string, baseDomain: string): string {
  if (baseDomain === "") return ""
  const { hostname } = new URL(url)
  const suffix = `.${baseDomain}`
  const label = hostname.endsWith(suffix) ? hostname.slice(0, -suffix.length) : ""
  return label.includes(".") || label === "api" || label === "www" ? "" : label
}

function assertSameOrganization(wanted: readonly string[], orgId: OrganizationId, slug: string): void {
  if (wanted.some((name) => name !== orgId && name !== slug)) {
    throw new RefusalError({ code: "TENANT_MISMATCH", detail: "The token, X-Tenant-ID and the subdomain must name one organization." })
  }
}
