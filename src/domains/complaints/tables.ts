import { sql } from "drizzle-orm"
import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { ComplaintId, FileId, LinkId, OrderId, OrderLineId, OrganizationId, UserId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { By, ComplaintHistoryEntry, ComplaintLevel, ComplaintStatus, Resolution, Side } from "./rules.ts"

/** Complaints, one row per party with what that side may see; both are written in one batch, on one version. */
export const complaints = tenantTable(
  "complaints",
  {
    id: text("id").$type<ComplaintId>().notNull(),
    side: text("side").$type<Side>().notNull(),
    counterpartyId: text("counterparty_id").$type<OrganizationId>().notNull(),
    supplierName: text("supplier_name").notNull(),
    buyerName: text("buyer_name").notNull(),
    linkId: text("link_id").$type<LinkId>(),
    orderId: text("order_id").$type<OrderId>().notNull(),
    orderNumber: text("order_number").notNull(),
    orderLineId: text("order_line_id").$type<OrderLineId>(),
    title: text("title").notNull(),
    description: text("description").notNull(),
    status: text("status").$type<ComplaintStatus>().notNull(),
    level: text("level").$type<ComplaintLevel>().notNull(),
    /** The supplier's own: null in the buyer's row. */
    assigneeId: text("assignee_id").$type<UserId>(),
    assigneeName: text("assignee_name"),
    openedBy: text("opened_by", { mode: "json" }).$type<By>().notNull(),
    resolution: text("resolution", { mode: "json" }).$type<Resolution>(),
    evidence: text("evidence", { mode: "json" }).$type<readonly FileId[]>().notNull(),
    history: text("history", { mode: "json" }).$type<readonly ComplaintHistoryEntry[]>().notNull(),
    reopenCount: integer("reopen_count").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    /** When the clock moves it on by itself. */
    dueAt: integer("due_at"),
    version: integer("version").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    index("complaints_status").on(t.orgId, t.status, t.id),
    index("complaints_level").on(t.orgId, t.level, t.id),
    index("complaints_order").on(t.orgId, t.orderId, t.id),
    index("complaints_assignee").on(t.orgId, t.assigneeId, t.id).where(sql`assignee_id IS NOT NULL`),
    index("complaints_due").on(t.dueAt).where(sql`side = 'supplier' AND due_at IS NOT NULL`),
  ],
)

export type ComplaintRow = typeof complaints.$inferSelect
