import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import type { BuiltInRole } from "../../platform/auth/roles.ts"
import { builtInRoles } from "../../platform/auth/roles.ts"
import type { ApiKeyView, InvitationView, RoleView, UserView } from "./schemas.ts"
import type { ApiKeyRow, CustomRoleRow, InvitationRow, UserRow } from "./tables.ts"

export const toUserView = (row: UserRow): UserView => ({
  id: row.id,
  email: row.email,
  full_name: row.fullName,
  roles: [...row.roles],
  is_active: row.isActive,
  created_at: formatInstant(row.createdAt),
  version: row.version,
})

export const toRoleView = (row: CustomRoleRow): RoleView => ({
  id: row.id,
  name: row.name,
  description: row.description,
  permissions: [...row.permissions],
  is_built_in: false,
  created_at: formatInstant(row.createdAt),
  version: row.version,
})

export const toBuiltInRoleView = (name: BuiltInRole): RoleView => ({
  id: null,
  name,
  description: "",
  permissions: [...builtInRoles[name]],
  is_built_in: true,
  created_at: null,
  version: 1,
})

export const toInvitationView = (row: InvitationRow): InvitationView => ({
  id: row.id,
  email: row.email,
  roles: [...row.roles],
  user_id: row.userId,
  invited_by: row.invitedBy,
  created_at: formatInstant(row.createdAt),
  expires_at: formatInstant(row.expiresAt),
})

export const toApiKeyView = (row: ApiKeyRow): ApiKeyView => ({
  id: row.id,
  name: row.name,
  hint: row.hint,
  permissions: [...row.permissions],
  created_by: row.createdBy,
  created_at: formatInstant(row.createdAt),
  expires_at: formatInstantOrNull(row.expiresAt),
})
