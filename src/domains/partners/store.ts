import { and, asc, eq, inArray, sql } from "drizzle-orm"
import type { LinkId, OrganizationId } from "../../kernel/ids.ts"
import { newestFirst } from "../../platform/db/by-id.ts"
import type { Scan } from "../../platform/db/scan.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type LinkStatus, linkStatuses, type Side } from "./rules.ts"
import { type LinkRow, type LinkTermsRow, links, linkTerms } from "./tables.ts"

type LinkFilter = {
  readonly status: LinkStatus | undefined
  readonly side: Side | undefined
  readonly after: LinkId | undefined
  readonly rowsMax: number
}

export const linkStore = (db: TenantDb) => ({
  byId: (id: LinkId): Promise<LinkRow | undefined> => db.byId(links, id),

  /** A link and its terms, in one trip. */
  async withTerms(id: LinkId): Promise<{ readonly link: LinkRow; readonly terms: LinkTermsRow | undefined } | undefined> {
    const [[link] = [], [terms] = []] = await db.query(
      (orgId) => sql`select * from links where org_id = ${orgId} and id = ${id}`,
      (orgId) => sql`select * from link_terms where org_id = ${orgId} and id = ${id}`,
    )
    if (link === undefined) return undefined
    return { link: decodeRow(links, link), terms: terms === undefined ? undefined : decodeRow(linkTerms, terms) }
  },

  page({ status, side, after, rowsMax }: LinkFilter): Promise<Scan<LinkRow>> {
    const matches = and(status === undefined ? undefined : sql`status = ${status}`, side === undefined ? undefined : sql`side = ${side}`)
    return newestFirst(db, links, { after, matches, rowsMax })
  },

  /** The link with one partner, whatever its state. */
  withPartner: (side: Side, counterpartyId: OrganizationId): Promise<LinkRow | undefined> =>
    db
      .many(links, {
        where: and(eq(links.side, side), inArray(links.status, [...linkStatuses]), eq(links.counterpartyId, counterpartyId)),
        indexedBy: "links_partner",
        limit: 1,
      })
      .then(([link]) => link),

  /** The suppliers whose catalog a buyer may see, by id. */
  approvedSuppliers: (rowsMax: number): Promise<Array<Pick<LinkRow, "counterpartyId" | "sharesStock">>> =>
    db.many(links, {
      where: and(eq(links.side, "buyer"), eq(links.status, "APPROVED")),
      indexedBy: "links_partner",
      orderBy: [asc(links.counterpartyId)],
      limit: rowsMax,
    }),
})
