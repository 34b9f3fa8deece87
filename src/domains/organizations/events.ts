import { defineEvent } from "../../platform/events/define-event.ts"
import { organizationView } from "./schemas.ts"

const seenBy = "organizations.organization.read"

export const organizationEvents = {
  created: defineEvent("organization.created", seenBy, organizationView),
  updated: defineEvent("organization.updated", seenBy, organizationView),
  deactivated: defineEvent("organization.deactivated", seenBy, organizationView),
  reactivated: defineEvent("organization.reactivated", seenBy, organizationView),
  kybSubmitted: defineEvent("organization.kyb_submitted", seenBy, organizationView),
  kybVerified: defineEvent("organization.kyb_verified", seenBy, organizationView),
  kybRejected: defineEvent("organization.kyb_rejected", seenBy, organizationView),
} as const

export type OrganizationEvent = (typeof organizationEvents)[keyof typeof organizationEvents]
