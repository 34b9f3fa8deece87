import { integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { LocationId, MovementId, OrderId, OrderLineId, ProductId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { MovementReason, MovementType } from "./rules.ts"

/** Projections of the owner's ledger; written by its relay alone. */
export const locations = tenantTable(
  "locations",
  {
    id: text("id").$type<LocationId>().notNull(),
    code: text("code").notNull(),
    name: text("name").notNull(),
    isDefault: integer("is_default", { mode: "boolean" }).notNull(),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] })],
)

export const stockLevels = tenantTable(
  "stock_levels",
  {
    productId: text("product_id").$type<ProductId>().notNull(),
    locationId: text("location_id").$type<LocationId>().notNull(),
    onHandMilli: integer("on_hand_milli").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.productId, t.locationId] })],
)

export const stockMovements = tenantTable(
  "stock_movements",
  {
    id: text("id").$type<MovementId>().notNull(),
    productId: text("product_id").$type<ProductId>().notNull(),
    locationId: text("location_id").$type<LocationId>().notNull(),
    type: text("type").$type<MovementType>().notNull(),
    quantityMilli: integer("quantity_milli").notNull(),
    reason: text("reason").$type<MovementReason>().notNull(),
    orderId: text("order_id").$type<OrderId>(),
    orderLineId: text("order_line_id").$type<OrderLineId>(),
    actorId: text("actor_id"),
    actorName: text("actor_name").notNull(),
    effectiveAt: integer("effective_at").notNull(),
    recordedAt: integer("recorded_at").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] })],
)
