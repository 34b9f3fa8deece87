import { allPermissions, isPlatformPermission, type Permission } from "../../platform/auth/permissions.ts"
import { isBuiltInRole } from "../../platform/auth/roles.ts"

/** The role without which an organization cannot be run (INV-ID-3). */
export const ownerRole = "owner"

/** Custom roles are named like the built-in ones; no slash, since `org_…/role` names a role in a revocation. */
export const roleNamePattern = /^[a-z][a-z0-9_]{1,49}$/

/** Roles of the platform's staff, which no organization assigns. */
export const isAssignable = (role: string): boolean => role !== "super_admin"

export const customNames = (roles: readonly string[]): string[] => roles.filter((role) => !isBuiltInRole(role))

/** Permissions that an organization's roles and keys can hold. */
export const grantable = allPermissions.filter((permission) => !isPlatformPermission(permission)) as [Permission, ...Permission[]]

/** What somebody with `held` would hand out beyond it (INV-ID-4: nobody grants what they lack). */
export const beyond = (held: ReadonlySet<Permission>, granted: Iterable<Permission>): Permission[] =>
  [...granted].filter((permission) => !held.has(permission))

/** A name to show until somebody says a better one. */
export const nameFromEmail = (email: string): string => email.slice(0, email.lastIndexOf("@"))
