import { z } from "@hono/zod-openapi"
import type { Permission } from "../../platform/auth/permissions.ts"
import { defineEvent } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"

const importEventData = lazily(() =>
  z.object({
    job_id: z.string(),
    kind: z.string(),
    status: z.string(),
    total: z.number(),
    done: z.number(),
    failed: z.number(),
    errors_file_id: z.string().nullable(),
    /** Who started it, and alone is told. */
    assignee_id: z.string(),
  }),
)

/** What whoever may start any import holds. */
const permission: Permission = "catalog.product.read"

export const importEvents = {
  started: defineEvent("import.started", permission, importEventData),
  finished: defineEvent("import.finished", permission, importEventData),
} as const
