import { revokeAccess } from "../../platform/auth/revoke-access.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import type { OrganizationEvent } from "./events.ts"
import { sendFacts } from "./send-facts.ts"
import { organizationStore } from "./store.ts"
import type { OrganizationRow } from "./tables.ts"
import { toOrganizationView } from "./views.ts"

type Changes = Partial<
  Pick<OrganizationRow, "name" | "slug" | "capabilities" | "kybStatus" | "kybReason" | "kybDocuments" | "status" | "settings">
>

/** What a taken slug answers; the pointer depends on where the body has it. */
export const slugTaken = (pointer: string) =>
  ({
    code: "CONFLICT",
    detail: "The slug is taken.",
    errors: [{ pointer, code: "TAKEN", message: "Another organization has this slug." }],
  }) as const

/** The way every change of an organization is written: row, audit, event, revocation and the ledger's copy, together. */
export function saveOrganization(
  ctx: Ctx,
  before: OrganizationRow,
  changes: Changes,
  action: string,
  event: OrganizationEvent,
): OrganizationRow {
  assertVersion(ctx, before)
  const after: OrganizationRow = { ...before, ...changes, version: before.version + 1, updatedAt: ctx.now }
  after.isSupplier = after.capabilities.includes("supplier")
  const db = before.id === ctx.orgId ? ctx.db : TenantDb.forSystem(ctx.env, ctx.meter, before.id, "the platform acts on an organization")
  ctx.work
    .add(...organizationStore(ctx).replace(before, after))
    .onConflict("organizations.slug", slugTaken("/slug"))
    .audit(db, { action, entity: "organization", entityId: after.id, before: toOrganizationView(before), after: toOrganizationView(after) })
    .event(db, event, toOrganizationView(after))
  // Tokens carry the slug and whether the organization is read-only.
  if (before.slug !== after.slug || before.status !== after.status) revokeAccess(ctx, after.id, after.id)
  ctx.work.afterCommit(async () => {
    await sendFacts(ctx, after)
  })
  return after
}
