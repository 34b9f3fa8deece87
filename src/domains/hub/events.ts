import { z } from "@hono/zod-openapi"
import { eventsOf } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import { identityTypes } from "./rules.ts"

const familyEventData = lazily(() => z.object({ id: z.string(), code: z.string(), name: z.string(), version: z.number() }))

const identityEventData = lazily(() =>
  z.object({
    id: z.string(),
    family_id: z.string(),
    type: z.enum(identityTypes),
    lci: z.number().nullable(),
    upis_h: z.string(),
  }),
)

const familyEvent = eventsOf("catalog.product.read", familyEventData)
const identityEvent = eventsOf("catalog.product.read", identityEventData)

export const hubEvents = {
  familyCreated: familyEvent("family.created"),
  familyUpdated: familyEvent("family.updated"),
  familyDeleted: familyEvent("family.deleted"),
  identityCreated: identityEvent("identity.created"),
} as const
