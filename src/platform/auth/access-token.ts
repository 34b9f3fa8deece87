import { z } from "@hono/zod-openapi"
import { decodeProtectedHeader, errors as joseErrors, jwtVerify, SignJWT } from "jose"
import { isId, type OrganizationId, type SessionId, type UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

/** Access tokens: JWT (RFC 7519) signed by HMAC-SHA-256 with the first key of the ring, verified by the key its `kid` names. */
const algorithm = "HS256"
const issuer = "waybill"
const audience = "waybill-api"

export type SigningKey = { readonly kid: string; readonly secret: string }

export type AccessClaims = {
  readonly userId: UserId
  readonly orgId: OrganizationId
  readonly orgSlug: string
  readonly sessionId: SessionId
  readonly name: string
  readonly roles: readonly string[]
  /** Permissions of the user's custom roles; those of built-in roles are known to the code. */
  readonly customPermissions: readonly string[]
  readonly isReadOnly: boolean
  /** Milliseconds: two tokens of one second must still tell before from after a revocation. */
  readonly issuedAt: Instant
  readonly expiresAt: Instant
}

const claims = z.object({
  sub: z.string().refine((text) => isId("usr", text)),
  org: z.string().refine((text) => isId("org", text)),
  slug: z.string(),
  sid: z.string().refine((text) => isId("ses", text)),
  name: z.string(),
  roles: z.array(z.string()),
  perms: z.array(z.string()).optional(),
  ro: z.boolean().optional(),
  iat: z.number(),
  exp: z.number(),
})

const importedKeys = new Map<string, CryptoKey>()

async function cryptoKey(secret: string): Promise<CryptoKey> {
  const known = importedKeys.get(secret)
  if (known !== undefined) return known
  const bytes = new TextEncoder().encode(secret)
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])
  importedKeys.set(secret, key)
  return key
}

type NewAccessToken = Omit<AccessClaims, "issuedAt" | "expiresAt">

export async function signAccessToken(keys: readonly SigningKey[], token: NewAccessToken, now: Instant): Promise<string> {
  const [key] = keys
  if (key === undefined) throw new Error("the key ring is empty")
  return new SignJWT({
    org: token.orgId,
    slug: token.orgSlug,
    sid: token.sessionId,
    name: token.name,
    roles: token.roles,
    ...(token.customPermissions.length > 0 ? { perms: token.customPermissions } : {}),
    ...(token.isReadOnly ? { ro: true } : {}),
  })
    .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: "JWT" })
    .setSubject(token.userId)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now / 1000)
    .setExpirationTime(Math.ceil(now / 1000) + limits.accessTokenSeconds)
    .sign(await cryptoKey(key.secret))
}

type Verified = Result<AccessClaims, "UNAUTHENTICATED" | "TOKEN_EXPIRED">

/** Tokens of each key ring whose signature was found good, by their whole text, oldest first. */
const verifiedByRing = new WeakMap<readonly SigningKey[], Map<string, AccessClaims>>()

function verifiedOf(keys: readonly SigningKey[]): Map<string, AccessClaims> {
  const known = verifiedByRing.get(keys)
  if (known !== undefined) return known
  const verified = new Map<string, AccessClaims>()
  verifiedByRing.set(keys, verified)
  return verified
}

/**
 * The claims of a token of ours. That a text is well signed does not change, so an isolate remembers it; that a
 * token has not expired is asked each time, and whether it was revoked is the caller's to ask.
 */
export async function verifyAccessToken(keys: readonly SigningKey[], token: string, now: Instant): Promise<Verified> {
  const remembered = verifiedOf(keys)
  const known = remembered.get(token)
  if (known !== undefined) return now < known.expiresAt ? ok(known) : err("TOKEN_EXPIRED")
  const verified = await verifySigned(keys, token, now)
  if (!verified.ok) return verified
  const [oldest] = remembered.keys()
  if (remembered.size >= limits.verifiedTokensMax && oldest !== undefined) remembered.delete(oldest)
  remembered.set(token, verified.value)
  return verified
}

async function verifySigned(keys: readonly SigningKey[], token: string, now: Instant): Promise<Verified> {
  try {
    const { kid } = decodeProtectedHeader(token)
    const key = keys.find((candidate) => candidate.kid === kid)
    if (key === undefined) return err("UNAUTHENTICATED")
    const { payload } = await jwtVerify(token, await cryptoKey(key.secret), {
      algorithms: [algorithm],
      issuer,
      audience,
      typ: "JWT",
      currentDate: new Date(now),
      requiredClaims: ["sub", "org", "sid", "exp", "iat"],
    })
    const parsed = claims.safeParse(payload)
    if (!parsed.success) return err("UNAUTHENTICATED")
    const { sub, org, slug, sid, name, roles, perms = [], ro = false, iat, exp } = parsed.data
    return ok({
      userId: sub as UserId,
      orgId: org as OrganizationId,
      orgSlug: slug,
      sessionId: sid as SessionId,
      name,
      roles,
      customPermissions: perms,
      isReadOnly: ro,
      issuedAt: Math.round(iat * 1000),
      expiresAt: exp * 1000,
    })
  } catch (error) {
    return err(error instanceof joseErrors.JWTExpired ? "TOKEN_EXPIRED" : "UNAUTHENTICATED")
  }
}
