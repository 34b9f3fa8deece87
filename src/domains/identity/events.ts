import { eventsOf } from "../../platform/events/define-event.ts"
import { apiKeyView, invitationView, roleView, userView } from "./schemas.ts"

const userEvent = eventsOf("identity.user.read", userView)
const invitationEvent = eventsOf("identity.invitation.read", invitationView)
const roleEvent = eventsOf("identity.role.read", roleView)
const apiKeyEvent = eventsOf("identity.api-key.read", apiKeyView)

export const identityEvents = {
  userCreated: userEvent("user.created"),
  userUpdated: userEvent("user.updated"),
  userDisabled: userEvent("user.disabled"),
  userEnabled: userEvent("user.enabled"),
  userRolesAssigned: userEvent("user.roles_assigned"),
  invitationCreated: invitationEvent("invitation.created"),
  invitationWithdrawn: invitationEvent("invitation.withdrawn"),
  roleDefined: roleEvent("role.defined"),
  roleChanged: roleEvent("role.changed"),
  roleDeleted: roleEvent("role.deleted"),
  apiKeyCreated: apiKeyEvent("api_key.created"),
  apiKeyRevoked: apiKeyEvent("api_key.revoked"),
} as const
