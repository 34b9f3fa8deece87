import { type ApiKeyId, type OrganizationId, platformOrganizationId, type SessionId, type UserId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { AccessClaims } from "./access-token.ts"
import type { Permission } from "./permissions.ts"

/** Who acts. Each kind carries what is true of it alone; switches over `kind` are exhaustive. */
export type UserActor = {
  readonly kind: "USER"
  readonly id: UserId
  readonly name: string
  /** The organization acted in: one's own, or the one that platform staff selected. */
  readonly orgId: OrganizationId
  /** The organization the user belongs to; the platform's own for its staff. */
  readonly homeOrgId: OrganizationId
  readonly sessionId: SessionId
  readonly roles: readonly string[]
  readonly permissions: ReadonlySet<Permission>
  readonly isPlatformStaff: boolean
  readonly isReadOnly: boolean
  /** What the access token says: until when, and since when, for what outlives the request. */
  readonly claims: AccessClaims
}

type ApiKeyActor = {
  readonly kind: "API_KEY"
  readonly id: ApiKeyId
  readonly name: string
  readonly orgId: OrganizationId
  readonly permissions: ReadonlySet<Permission>
  readonly isReadOnly: boolean
}

export type Actor = UserActor | ApiKeyActor

/** An actor as it travels to a ledger and into audit rows and histories: plain data, no rights. */
export type ActorRef = {
  readonly kind: "USER" | "API_KEY" | "SYSTEM"
  readonly id: string | null
  readonly name: string
  readonly organizationId: OrganizationId
}

export const refOf = (actor: Actor): ActorRef => ({ kind: actor.kind, id: actor.id, name: actor.name, organizationId: actor.orgId })

export const may = (actor: Actor, permission: Permission): boolean => actor.permissions.has(permission)

/** @throws RefusalError FORBIDDEN, naming the permission, unless the actor holds it. */
export function authorize(actor: Actor, permission: Permission): void {
  if (!may(actor, permission)) throw new RefusalError({ code: "FORBIDDEN", detail: `This needs the permission ${permission}.` })
}

/**
 * Platform staff who entered one organization act on no other: what they do stands on that organization's own trail,
 * which must not tell of others. @throws RefusalError TENANT_MISMATCH.
 */
export function assertOnPlatform(orgId: OrganizationId): void {
  if (orgId !== platformOrganizationId) {
    throw new RefusalError({ code: "TENANT_MISMATCH", detail: "X-Tenant-ID names another organization; leave it out to act on this one." })
  }
}
