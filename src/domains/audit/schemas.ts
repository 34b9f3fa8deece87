import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { AuditRow } from "../../platform/events/tables.ts"
import { idSchema, idView, instantInput, instantView, lazily, listOf, pageQuery } from "../../platform/http/schemas.ts"

const exactly = (example: string) => z.string().min(1).max(limits.nameCharsMax).optional().openapi({ example })

/** Platform staff alone may name an organization; see the README. */
const organizationId = idSchema("org")
  .optional()
  .openapi({ description: "For platform staff: the organization whose log is read; their own without it." })

export const auditQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    action: exactly("catalog.product.update"),
    entity: exactly("product"),
    entity_id: exactly("prd_01jd8x2y3zf4g5h6j7k8m9n0pq"),
    actor_id: exactly("usr_01jd8x2y3zf4g5h6j7k8m9n0pq"),
    from: instantInput.optional().openapi({ description: "Entries at or after this instant." }),
    to: instantInput.optional().openapi({ description: "Entries before this instant." }),
    organization_id: organizationId,
  }),
)

export type AuditQuery = z.output<typeof auditQuery>

export const oneAuditQuery = lazily(() => z.strictObject({ organization_id: organizationId }))

const anything = z.unknown().openapi({ type: ["object", "null"] })

export const auditView = lazily(() =>
  z
    .object({
      id: idView("aud"),
      actor: z.object({
        kind: z.enum(["USER", "API_KEY", "SYSTEM"]),
        id: z.string().nullable().openapi({ example: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq" }),
        name: z.string().nullable().openapi({ example: "Grace Hopper" }),
      }),
      action: z.string().openapi({ example: "catalog.product.update" }),
      entity: z.string().openapi({ example: "product" }),
      entity_id: z.string().openapi({ example: "prd_01jd8x2y3zf4g5h6j7k8m9n0pq" }),
      before: anything.openapi({ description: "What changed, as it was; null when it is new.", example: { price: "5.49" } }),
      after: anything.openapi({ description: "What changed, as it became; null when it is gone.", example: { price: "5.99" } }),
      ip_address: z.string().nullable().openapi({ example: "192.0.2.1" }),
      user_agent: z.string().nullable().openapi({ example: "curl/8.5.0" }),
      at: instantView,
    })
    .openapi("AuditEntry"),
)

export const auditList = listOf(auditView, "AuditEntryList")

export const toAuditView = (row: AuditRow) => ({
  id: row.id,
  actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
  action: row.action,
  entity: row.entity,
  entity_id: row.entityId,
  before: row.before,
  after: row.after,
  ip_address: row.ipAddress,
  user_agent: row.userAgent,
  at: formatInstant(row.at),
})
