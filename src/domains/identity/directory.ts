import { sql } from "drizzle-orm"
import { isId } from "../../kernel/ids.ts"
import type { Directory } from "../../platform/auth/authenticate.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import { organizationStore } from "../organizations/index.ts"
import { apiKeys } from "./tables.ts"

/** What authentication asks: whose key this is, and which organization a platform member of staff names. */
export const directory: Omit<Directory, "claimsOfTicket"> = {
  async apiKeyByHash(env, meter, hash) {
    const db = acrossTenants(env, meter, "an API key names its organization")
    const [rows = []] = await db.query(sql`select k.*, o.slug as organization_slug, o.status as organization_status
      from api_keys k join organizations o on o.id = k.org_id where k.secret_hash = ${hash}`)
    const [row] = rows
    if (row === undefined) return undefined
    const { id, name, orgId, permissions, expiresAt } = decodeRow(apiKeys, row)
    return {
      id,
      name,
      orgId,
      orgSlug: String(row["organization_slug"]),
      permissions,
      isReadOnly: row["organization_status"] !== "ACTIVE",
      expiresAt,
    }
  },

  async organizationByIdOrSlug(env, meter, idOrSlug) {
    const store = organizationStore({ env, meter })
    const row = await (isId("org", idOrSlug) ? store.byId(idOrSlug) : store.bySlug(idOrSlug.toLowerCase()))
    return row === undefined ? undefined : { id: row.id, slug: row.slug, isReadOnly: row.status !== "ACTIVE" }
  },
}
