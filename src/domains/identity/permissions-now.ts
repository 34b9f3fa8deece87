import type { ApiKeyId, OrganizationId, UserId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { peopleOf } from "./people.ts"
import { apiKeys } from "./tables.ts"

/** Somebody in whose name work goes on after their request: whether they may still act, and as what, the database says. */
type Absent =
  | { readonly kind: "USER"; readonly id: UserId; readonly homeOrgId: OrganizationId }
  | { readonly kind: "API_KEY"; readonly id: ApiKeyId; readonly homeOrgId: OrganizationId }

/** What they hold by now in the organization that is their home; undefined where they may not sign in any more. `db` is that organization's. */
export async function permissionsNow(db: TenantDb, who: Absent, now: Instant): Promise<ReadonlySet<Permission> | undefined> {
  if (who.kind === "USER") {
    const people = await peopleOf(db, { named: [who.id], othersMax: 0 })
    return people.find(({ id }) => id === who.id)?.permissions
  }
  const key = await db.byId(apiKeys, who.id)
  return key === undefined || (key.expiresAt !== null && key.expiresAt <= now) ? undefined : new Set(key.permissions)
}
