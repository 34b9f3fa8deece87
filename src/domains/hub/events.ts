import { z } from "@hono/zod-openapi"
import type { Permission } from "../../platform/auth/permissions.ts"
import { defineEvent } from "../../platform/events/define-event.ts"
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

const permission: Permission = "catalog.product.read"

export const hubEvents = {
  familyCreated: defineEvent("family.created", permission, familyEventData),
  familyUpdated: defineEvent("family.updated", permission, familyEventData),
  familyDeleted: defineEvent("family.deleted", permission, familyEventData),
  identityCreated: defineEvent("identity.created", permission, identityEventData),
} as const
