import { and, asc, desc, eq, lt, sql } from "drizzle-orm"
import type { LinkId } from "../../kernel/ids.ts"
import { type Scan, scanNewestFirst } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { LinkStatus, Side } from "./rules.ts"
import { type LinkRow, links } from "./tables.ts"

export type LinkFilter = {
  readonly status: LinkStatus | undefined
  readonly side: Side | undefined
  readonly after: LinkId | undefined
  readonly rowsMax: number
}

export const linkStore = (db: TenantDb) => ({
  byId: (id: LinkId): Promise<LinkRow | undefined> => db.one(links, eq(links.id, id)),

  /** Newest first. */
  async page({ status, side, after, rowsMax }: LinkFilter): Promise<Scan<LinkRow>> {
    const within = after === undefined ? undefined : lt(links.id, after)
    if (status === undefined && side === undefined) {
      return { rows: await db.many(links, { where: within, orderBy: [desc(links.id)], limit: rowsMax }), stoppedAt: undefined }
    }
    const matches = and(status === undefined ? undefined : sql`status = ${status}`, side === undefined ? undefined : sql`side = ${side}`)
    return scanNewestFirst(db, links, { within, matches, rowsMax })
  },

  /** The suppliers whose catalog a buyer may see, by id. */
  approvedSuppliers: (rowsMax: number): Promise<Array<Pick<LinkRow, "counterpartyId" | "sharesStock">>> =>
    db.many(links, {
      where: and(eq(links.side, "buyer"), eq(links.status, "APPROVED")),
      indexedBy: "links_partner",
      orderBy: [asc(links.counterpartyId)],
      limit: rowsMax,
    }),
})
