import { eventsOf } from "../../platform/events/define-event.ts"
import { organizationView } from "./schemas.ts"

const organizationEvent = eventsOf("organizations.organization.read", organizationView)

export const organizationEvents = {
  created: organizationEvent("organization.created"),
  updated: organizationEvent("organization.updated"),
  deactivated: organizationEvent("organization.deactivated"),
  reactivated: organizationEvent("organization.reactivated"),
  kybSubmitted: organizationEvent("organization.kyb_submitted"),
  kybVerified: organizationEvent("organization.kyb_verified"),
  kybRejected: organizationEvent("organization.kyb_rejected"),
} as const

export type OrganizationEvent = (typeof organizationEvents)[keyof typeof organizationEvents]
