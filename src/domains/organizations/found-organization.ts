import { newId, newRoutingNumber } from "../../kernel/ids.ts"
import type { ActorRef } from "../../platform/auth/actor.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { organizationEvents } from "./events.ts"
import { defaultSettings, slugOf } from "./rules.ts"
import { slugTaken } from "./save-organization.ts"
import type { NewOrganization } from "./schemas.ts"
import { sendFacts } from "./send-facts.ts"
import { organizationStore } from "./store.ts"
import type { OrganizationRow } from "./tables.ts"
import { toOrganizationView } from "./views.ts"

type Options = {
  /** Where the body has the slug, for the answer when it is taken. */
  readonly slugPointer: string
  /** Who founds it, given the organization: a newcomer belongs to the very one they found. */
  readonly founder: (organization: OrganizationRow) => ActorRef
}

/** A new organization with its routing number and default settings; its rows go into the caller's unit of work. */
export async function foundOrganization(
  ctx: PublicCtx,
  input: NewOrganization,
  { slugPointer, founder }: Options,
): Promise<OrganizationRow> {
  const routing = newRoutingNumber()
  const organization: OrganizationRow = {
    id: newId("org", ctx.now, routing),
    routing,
    name: input.name,
    slug: input.slug ?? (await freeSlug(ctx, input.name)),
    capabilities: input.capabilities,
    kybStatus: "UNVERIFIED",
    kybReason: null,
    kybDocuments: null,
    status: "ACTIVE",
    settings: defaultSettings(ctx.config.REQUIRE_KYB_DEFAULT),
    isSupplier: input.capabilities.includes("supplier"),
    version: 1,
    ledgerVersion: 0,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  const db = TenantDb.forSystem(ctx.env, ctx.meter, organization.id, "an organization is founded")
  const view = toOrganizationView(organization)
  ctx.work
    .add(organizationStore(ctx).insert(organization))
    .onConflict("organizations.slug", slugTaken(slugPointer))
    .audit(db, {
      action: "organizations.organization.create",
      entity: "organization",
      entityId: organization.id,
      after: view,
      actor: founder(organization),
    })
    .event(db, organizationEvents.created, view)
    .afterCommit(async () => {
      await sendFacts(ctx, organization)
    })
  return organization
}

/** The name's own slug if it is free, else with a random tail: whoever named no slug should not hear that it is taken. */
async function freeSlug(ctx: PublicCtx, name: string): Promise<string> {
  const slug = slugOf(name)
  if (slug !== undefined && (await organizationStore(ctx).bySlug(slug)) === undefined) return slug
  const tail = newRoutingNumber().toString(36).padStart(8, "0")
  return slug === undefined ? `org-${tail}` : `${slug}-${tail}`
}
