import { integer, primaryKey, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import type { LinkId, OrganizationId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { LinkStatus, LinkTerms, Side } from "./rules.ts"

/** Projection of links, one row per party; written by the supplier's relay alone. */
export const links = tenantTable(
  "links",
  {
    id: text("id").$type<LinkId>().notNull(),
    side: text("side").$type<Side>().notNull(),
    counterpartyId: text("counterparty_id").$type<OrganizationId>().notNull(),
    counterpartyName: text("counterparty_name").notNull(),
    ownName: text("own_name").notNull(),
    status: text("status").$type<LinkStatus>().notNull(),
    /** The supplier's `share_stock`, here so that a catalog page needs no further row to know it. */
    sharesStock: integer("shares_stock", { mode: "boolean" }).notNull(),
    message: text("message"),
    reason: text("reason"),
    createdAt: integer("created_at").notNull(),
    decidedAt: integer("decided_at"),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), uniqueIndex("links_partner").on(t.orgId, t.side, t.status, t.counterpartyId)],
)

/** Projection of links' terms, one row per party; apart from the links, since a price list is long and lists of links leave it out. */
export const linkTerms = tenantTable(
  "link_terms",
  {
    /** The link's. */
    id: text("id").$type<LinkId>().notNull(),
    side: text("side").$type<Side>().notNull(),
    counterpartyId: text("counterparty_id").$type<OrganizationId>().notNull(),
    discountBasisPoints: integer("discount_basis_points").notNull(),
    /** By product, so that a catalog page takes out one entry a row. */
    priceList: text("price_list", { mode: "json" }).$type<LinkTerms["priceList"]>().notNull(),
    minOrderValue: text("min_order_value", { mode: "json" }).$type<NonNullable<LinkTerms["minOrderValue"]>>(),
    deliveryDays: text("delivery_days", { mode: "json" }).$type<LinkTerms["deliveryDays"]>().notNull(),
    orderCutOff: text("order_cut_off"),
    leadTimeDays: integer("lead_time_days"),
    /** The supplier's, which the cut-off is in. */
    timeZone: text("time_zone").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
    minShelfLifeDays: integer("min_shelf_life_days"),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] })],
)

export type LinkTermsRow = typeof linkTerms.$inferSelect
export type LinkRow = typeof links.$inferSelect
