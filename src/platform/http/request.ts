import { RefusalError } from "../../kernel/result.ts"
import type { Origin } from "../db/unit-of-work.ts"
import type { Config } from "../env.ts"
import { versionOfIfMatch } from "./reply.ts"

/** Cloudflare's own header, over which no client has a say. Where no Cloudflare stands in front, what is no address is none. */
const ipAddressOf = (header: string | null): string | null => (header !== null && /^[\da-fA-F.:]{2,45}$/.test(header) ? header : null)

const requestIdPattern = /^[A-Za-z0-9_-]{8,64}$/

/** The client's own name for the request, where that is a plain word; else a new one. A request is no row: its id is only told, to the client and in the logs. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get("x-request-id")
  return given !== null && requestIdPattern.test(given) ? given : `req_${crypto.randomUUID().replaceAll("-", "")}`
}

/** Where a request comes from, for the audit trail and the rate limits. */
export const originOf = (request: Request): Origin => ({
  ipAddress: ipAddressOf(request.headers.get("cf-connecting-ip")),
  userAgent: request.headers.get("user-agent")?.slice(0, 300) ?? null,
})

/**
 * Where mails send their readers. The request's own origin is whatever its Host header says, so anybody could have a
 * reset mail name their server: outside development only PUBLIC_URL is believed, and without it no host is named.
 */
export const publicUrlOf = ({ PUBLIC_URL, ENVIRONMENT }: Config, requestUrl: string): string =>
  (PUBLIC_URL === "" && ENVIRONMENT === "development" ? new URL(requestUrl).origin : PUBLIC_URL).replace(/\/$/, "")

/** The version that If-Match names; undefined where any will do. @throws RefusalError VERSION_MISMATCH for what is no ETag of ours. */
export function ifMatchOf(request: Request): number | undefined {
  const header = request.headers.get("if-match")
  if (header === null) return undefined
  const version = versionOfIfMatch(header)
  if (version === undefined) throw new RefusalError({ code: "VERSION_MISMATCH", detail: "If-Match is not an ETag of this API." })
  return version === "any" ? undefined : version
}
