import { defineEvent } from "../../platform/events/define-event.ts"
import { apiKeyView, invitationView, roleView, userView } from "./schemas.ts"

export const identityEvents = {
  userCreated: defineEvent("user.created", "identity.user.read", userView),
  userUpdated: defineEvent("user.updated", "identity.user.read", userView),
  userDisabled: defineEvent("user.disabled", "identity.user.read", userView),
  userEnabled: defineEvent("user.enabled", "identity.user.read", userView),
  userRolesAssigned: defineEvent("user.roles_assigned", "identity.user.read", userView),
  invitationCreated: defineEvent("invitation.created", "identity.invitation.read", invitationView),
  invitationWithdrawn: defineEvent("invitation.withdrawn", "identity.invitation.read", invitationView),
  roleDefined: defineEvent("role.defined", "identity.role.read", roleView),
  roleChanged: defineEvent("role.changed", "identity.role.read", roleView),
  roleDeleted: defineEvent("role.deleted", "identity.role.read", roleView),
  apiKeyCreated: defineEvent("api_key.created", "identity.api-key.read", apiKeyView),
  apiKeyRevoked: defineEvent("api_key.revoked", "identity.api-key.read", apiKeyView),
} as const
