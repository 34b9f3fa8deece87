import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { LocationId, OrderId, ProductId, UnitId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { UnitHistoryEntry, UnitStatus } from "./rules.ts"

/** Projection of serialized units, written by their owner's relay alone. */
export const stockUnits = tenantTable(
  "stock_units",
  {
    id: text("id").$type<UnitId>().notNull(),
    productId: text("product_id").$type<ProductId>().notNull(),
    serial: text("serial").notNull(),
    locationId: text("location_id").$type<LocationId>().notNull(),
    lotNumber: text("lot_number"),
    status: text("status").$type<UnitStatus>().notNull(),
    orderId: text("order_id").$type<OrderId>(),
    reservedUntil: integer("reserved_until"),
    history: text("history", { mode: "json" }).$type<readonly UnitHistoryEntry[]>().notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    index("stock_units_product").on(t.orgId, t.productId, t.id),
    index("stock_units_location").on(t.orgId, t.locationId, t.id),
    index("stock_units_status").on(t.orgId, t.status, t.id),
    index("stock_units_serial").on(t.orgId, t.serial),
  ],
)

export type UnitRow = typeof stockUnits.$inferSelect
