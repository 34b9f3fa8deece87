import { z } from "@hono/zod-openapi"
import { eventsOf } from "../../platform/events/define-event.ts"
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

/** Seen with the permission that everybody who may start an import of any kind holds. */
const importEvent = eventsOf("catalog.product.read", importEventData)

export const importEvents = {
  started: importEvent("import.started"),
  finished: importEvent("import.finished"),
} as const
