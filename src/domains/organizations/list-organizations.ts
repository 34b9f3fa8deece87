import type { z } from "@hono/zod-openapi"
import type { Ctx } from "../../platform/http/context.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import type { directoryQuery, organizationQuery } from "./schemas.ts"
import { organizationStore } from "./store.ts"
import { toDirectoryEntry, toOrganizationView } from "./views.ts"

/** Every customer, oldest first; for the platform. */
export async function listOrganizations(ctx: Ctx, { limit, cursor, kyb_status }: z.output<typeof organizationQuery>) {
  const [after] = readCursor("organizations", ["string"], cursor) ?? []
  const rows = await organizationStore(ctx).page({
    after: after === undefined ? undefined : String(after),
    limit: limit + 1,
    kybStatus: kyb_status,
  })
  return pageOf(rows, limit, "organizations", (row) => [row.id], toOrganizationView)
}

/** Suppliers that can be asked for a link, by name: the one look that organizations have at each other before a link. */
export async function listDirectory(ctx: Ctx, { limit, cursor, q = "" }: z.output<typeof directoryQuery>) {
  const key = readCursor("directory", ["string", "string"], cursor)
  const after = key === undefined ? undefined : ([String(key[0]), String(key[1])] as const)
  const rows = await organizationStore(ctx).directory({ after, limit: limit + 1, prefix: q, except: ctx.orgId })
  return pageOf(rows, limit, "directory", (row) => [row.name, row.id], toDirectoryEntry)
}
