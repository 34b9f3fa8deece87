import { errors } from "../../kernel/errors.ts"
import type { Refusal } from "../../kernel/result.ts"

/** What an unknown path answers; routes that a deployment lacks answer the very same. */
export const noSuchPath: Refusal = { code: "NOT_FOUND", detail: "There is no such path; GET /openapi.json lists all of them." }

/** RFC 9457 problem details of a refusal. `type` is a link into the README's list of codes. */
export function problemOf(
  refusal: Refusal,
  requestId: string,
): { status: number; body: Record<string, unknown>; headers: Record<string, string> } {
  const { status, title } = errors[refusal.code]
  const { retryAfterSeconds, headers, ...extra } = (refusal.extra ?? {}) as Record<string, unknown> & { headers?: Record<string, string> }
  return {
    status,
    body: {
      type: `https://waybill.dev/problems/${refusal.code.toLowerCase().replaceAll("_", "-")}`,
      title,
      status,
      ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
      code: refusal.code,
      request_id: requestId,
      ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
      ...(refusal.current === undefined ? {} : { current: refusal.current }),
      ...(refusal.allowed === undefined ? {} : { allowed: refusal.allowed }),
      ...extra,
    },
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(status === 401 ? { "www-authenticate": 'Bearer realm="waybill"' } : {}),
      ...(typeof retryAfterSeconds === "number" ? { "retry-after": String(retryAfterSeconds) } : {}),
      ...headers,
    },
  }
}

export function problemResponse(refusal: Refusal, requestId: string): Response {
  const { status, body, headers } = problemOf(refusal, requestId)
  return new Response(JSON.stringify(body), { status, headers })
}
