import { type ErrorCode, errors } from "../../kernel/errors.ts"
import { type EndpointSpec, isMutation, permissionsRequired, takesStream } from "./endpoint.ts"
import { problemOf } from "./problem.ts"

const always = ["VALIDATION_FAILED", "RATE_LIMITED", "INTERNAL", "UNAVAILABLE"] as const satisfies readonly ErrorCode[]

/** Every code an operation can answer with: what its shape implies, and what it says of itself. In the order of `errors`. */
export function codesOf(spec: EndpointSpec): ErrorCode[] {
  const codes = new Set<ErrorCode>([...always, ...(spec.errors ?? [])])
  const add = (condition: boolean, ...more: readonly ErrorCode[]) => {
    if (condition) for (const code of more) codes.add(code)
  }
  const isPublic = spec.access === "public"
  add(!isPublic, "UNAUTHENTICATED", "TOKEN_EXPIRED", "TENANT_MISMATCH")
  add(permissionsRequired(spec.access).length > 0, "FORBIDDEN")
  add(!isPublic && isMutation(spec) && spec.allowedWhenDeactivated !== true, "ORGANIZATION_DEACTIVATED")
  add(spec.path.includes("{"), "NOT_FOUND")
  add(isMutation(spec), "PAYLOAD_TOO_LARGE", "IDEMPOTENCY_KEY_REUSED")
  add(spec.body !== undefined, "MALFORMED_JSON")
  add(spec.body !== undefined || takesStream(spec), "UNSUPPORTED_MEDIA_TYPE")
  add(takesIfMatch(spec), "VERSION_MISMATCH")
  return (Object.keys(errors) as ErrorCode[]).filter((code) => codes.has(code))
}

export const takesIfMatch = (spec: EndpointSpec): boolean =>
  !spec.path.startsWith("./") && (spec.method === "put" || spec.method === "patch")

const details: Partial<Record<ErrorCode, string>> = {
  NOT_FOUND: "There is no such thing in your organization.",
  FORBIDDEN: "This needs the permission catalog.product.edit.",
  VALIDATION_FAILED: "The input is not valid.",
}

const exampleRequestId = "req_4f8f1a6f0c2b4f5e9a7d3c1b2e6f8a90"

/** The problem document of a code, as it would come. */
export function problemExample(code: ErrorCode): unknown {
  const detail = details[code]
  return problemOf(
    {
      code,
      ...(detail === undefined ? {} : { detail }),
      ...(code === "VALIDATION_FAILED"
        ? { errors: [{ pointer: "/name", code: "TOO_SMALL", message: "Must have at least 1 character." }] }
        : {}),
      ...(code === "INVALID_TRANSITION" ? { current: "COMPLETED", allowed: [] } : {}),
      ...(code === "STOCK_INSUFFICIENT"
        ? { extra: { shortages: [{ product_id: "prd_01jd8x2y3zf4g5h6j7k8m9n0pq", sku: "APPLE-1KG", asked: 20, available: 12 }] } }
        : {}),
    },
    exampleRequestId,
  ).body
}

/** Codes by status, ascending. */
export function byStatus(codes: readonly ErrorCode[]): ReadonlyArray<readonly [status: number, codes: readonly ErrorCode[]]> {
  const grouped = new Map<number, ErrorCode[]>()
  for (const code of codes) grouped.set(errors[code].status, [...(grouped.get(errors[code].status) ?? []), code])
  return [...grouped].sort(([a], [b]) => a - b)
}
