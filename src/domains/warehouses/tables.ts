import { sql } from "drizzle-orm"
import { index, integer, primaryKey, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import type { LocationId, OrganizationId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { Address, LocationKind, Operator } from "./rules.ts"

/** As the indexes have it, word for word: SQLite uses them for a query that says the same. */
export const isOpen = sql`is_current = 1 AND archived_at IS NULL`
/** Places of others that the organization runs now. */
export const isOperated = sql`side = 'buyer' AND is_current = 1`

/**
 * Projection of places, written by their owner's relay alone: a row for the owner (side `supplier`), and one for each
 * partner that operates or operated one (side `buyer`), which says whether it still does.
 */
export const locations = tenantTable(
  "locations",
  {
    id: text("id").$type<LocationId>().notNull(),
    side: text("side").$type<"supplier" | "buyer">().notNull(),
    /** To an operator, whose stock it is; empty in the owner's row. */
    counterpartyId: text("counterparty_id").$type<OrganizationId | "">().notNull(),
    code: text("code").notNull(),
    name: text("name").notNull(),
    kind: text("kind").$type<LocationKind>().notNull(),
    address: text("address", { mode: "json" }).$type<Address>(),
    capacityMilli: integer("capacity_milli"),
    operator: text("operator", { mode: "json" }).$type<Operator>(),
    /** INV-WHS-8: what lies there and is on its way there; null where nobody may see it: of archived places and former operators. */
    onHandMilli: integer("on_hand_milli"),
    incomingMilli: integer("incoming_milli"),
    heldSeq: integer("held_seq"),
    isDefault: integer("is_default", { mode: "boolean" }).notNull(),
    isCurrent: integer("is_current", { mode: "boolean" }).notNull(),
    archivedAt: integer("archived_at"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    index("locations_open").on(t.orgId, t.id).where(isOpen),
    uniqueIndex("locations_operated").on(t.orgId, t.id).where(isOperated),
  ],
)

export type LocationRow = typeof locations.$inferSelect
