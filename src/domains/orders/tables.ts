import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { OrderId, OrganizationId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { OrderHistoryEntry, OrderLine, OrderStatus, Side } from "./rules.ts"

/** Projection of orders, one row per party with what that side may see; written by the supplier's relay alone. */
export const orders = tenantTable(
  "orders",
  {
    id: text("id").$type<OrderId>().notNull(),
    side: text("side").$type<Side>().notNull(),
    counterpartyId: text("counterparty_id").$type<OrganizationId>().notNull(),
    number: text("number").notNull(),
    supplierName: text("supplier_name").notNull(),
    buyerName: text("buyer_name").notNull(),
    status: text("status").$type<OrderStatus>().notNull(),
    currency: text("currency").notNull(),
    totalMinor: integer("total_minor").notNull(),
    lines: text("lines", { mode: "json" }).$type<readonly OrderLine[]>().notNull(),
    history: text("history", { mode: "json" }).$type<readonly OrderHistoryEntry[]>().notNull(),
    note: text("note"),
    internalNote: text("internal_note"),
    requestedDeliveryOn: text("requested_delivery_on"),
    placedAt: integer("placed_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
    answerBy: integer("answer_by"),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), index("orders_status").on(t.orgId, t.status, t.id)],
)

export type OrderRow = typeof orders.$inferSelect
