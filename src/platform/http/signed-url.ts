import { hmacHex } from "../../kernel/digest.ts"
import { isId, type OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { type Instant, minute, second } from "../../kernel/time.ts"
import type { SigningKey } from "../auth/access-token.ts"

/**
 * A URL that is itself the right to read one thing, for whatever cannot send a header: an image in a page, a download.
 * It names the organization in whose name it reads, and when it ends; an HMAC-SHA-256 (RFC 2104) covers path and query.
 */
export type SignedUrl = { readonly url: string; readonly expiresAt: Instant }

type Signing = { readonly config: { readonly JWT_KEYS: readonly SigningKey[] }; readonly publicUrl: string; readonly now: Instant }

/**
 * When a URL signed now ends: at the end of the next quarter of an hour, so that it is good for fifteen minutes at least
 * and all that are signed within one quarter are alike: caches and ETags can rely on it.
 */
export function signedUrlExpiry(now: Instant): Instant {
  const bucket = limits.signedUrlMinutes * minute
  return (Math.floor(now / bucket) + 2) * bucket
}

/** The secrets sign access tokens and hash bodies, too: the label keeps one from ever being the other. */
const signatureOf = (secret: string, path: string, params: ReadonlyArray<readonly [string, string]>): Promise<string> =>
  hmacHex(secret, `waybill signed url\0${JSON.stringify([path, [...params].sort(([a], [b]) => (a < b ? -1 : 1))])}`)

/** `path` begins with a slash and holds nothing that would need encoding. */
export async function signUrl(
  { config, publicUrl, now }: Signing,
  path: string,
  orgId: OrganizationId,
  params: Readonly<Record<string, string>> = {},
): Promise<SignedUrl> {
  const expiresAt = signedUrlExpiry(now)
  return { url: await signed(config.JWT_KEYS, publicUrl, path, { ...params, org: orgId, expires: String(expiresAt / second) }), expiresAt }
}

/** A URL with a signature over its path and query. What it is good for, and until when, its route says. */
export async function signed(
  keys: readonly SigningKey[],
  publicUrl: string,
  path: string,
  params: Readonly<Record<string, string>>,
): Promise<string> {
  const all = Object.entries(params)
  const signature = await signatureOf(keys[0]?.secret ?? "", path, all)
  return `${publicUrl}${path}?${new URLSearchParams([...all, ["signature", signature]]).toString()}`
}

/** Whether the path and query are as `signed` made them. Any key of the ring may have. */
export async function isSigned(keys: readonly SigningKey[], path: string, query: URLSearchParams): Promise<boolean> {
  const given = query.get("signature") ?? ""
  const params = [...query].filter(([name]) => name !== "signature")
  const signatures = await Promise.all(keys.map(({ secret }) => signatureOf(secret, path, params)))
  // Each is compared, and each in constant time.
  return signatures.map((signature) => isSame(signature, given)).some(Boolean)
}

/** The organization in whose name a signed URL reads. Any key of the ring may have signed it. @throws RefusalError UNAUTHENTICATED or TOKEN_EXPIRED. */
export async function verifySignedUrl(
  keys: readonly SigningKey[],
  path: string,
  query: URLSearchParams,
  now: Instant,
): Promise<OrganizationId> {
  const orgId = query.get("org") ?? ""
  const expires = query.get("expires") ?? ""
  const isOurs = await isSigned(keys, path, query)
  if (!isOurs || !isId("org", orgId) || !/^\d{1,12}$/.test(expires)) {
    throw new RefusalError({ code: "UNAUTHENTICATED", detail: "The URL's signature is not one of ours." })
  }
  if (Number(expires) * second <= now) throw new RefusalError({ code: "TOKEN_EXPIRED", detail: "The URL has expired; ask for a new one." })
  return orgId
}

const encoder = new TextEncoder()

function isSame(expected: string, given: string): boolean {
  const [a, b] = [encoder.encode(expected), encoder.encode(given)]
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b)
}
