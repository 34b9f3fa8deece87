import { integer, primaryKey, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import type { LinkId, OrganizationId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { LinkStatus, Side } from "./rules.ts"

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

export type LinkRow = typeof links.$inferSelect
