import type { z } from "@hono/zod-openapi"
import type { Ctx } from "../../platform/http/context.ts"
import { pageById, pageByKey } from "../../platform/http/page.ts"
import type { directoryQuery, organizationQuery } from "./schemas.ts"
import { organizationStore } from "./store.ts"
import { toDirectoryEntry, toOrganizationView } from "./views.ts"

/** Every customer, oldest first; for the platform. */
export async function listOrganizations(ctx: Ctx, { kyb_status: kybStatus, ...query }: z.output<typeof organizationQuery>) {
  return pageById(
    "organizations",
    "org",
    query,
    ({ after, rowsMax }) => organizationStore(ctx).page({ after, limit: rowsMax, kybStatus }),
    toOrganizationView,
  )
}

/** Suppliers that can be asked for a link, by name: the one look that organizations have at each other before a link. */
export async function listDirectory(ctx: Ctx, { q: prefix = "", ...query }: z.output<typeof directoryQuery>) {
  return pageByKey(
    "directory",
    ["string", "string"],
    query,
    ({ after, rowsMax }) => organizationStore(ctx).directory({ after, limit: rowsMax, prefix, except: ctx.orgId }),
    (row) => [row.name, row.id],
    toDirectoryEntry,
  )
}
