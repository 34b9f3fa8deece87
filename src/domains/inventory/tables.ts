import { sql } from "drizzle-orm"
import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { LocationId, LotId, MovementId, OrderId, OrderLineId, ProductId, UnitId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { LotKey, MovementReason, MovementType } from "./rules.ts"

/** Projections of the owner's ledger; written by its relay alone. */

/** What a cell holds, with what a reader of stock needs of its lot. */
export const stockLevels = tenantTable(
  "stock_levels",
  {
    productId: text("product_id").$type<ProductId>().notNull(),
    locationId: text("location_id").$type<LocationId>().notNull(),
    lotId: text("lot_id").$type<LotKey>().notNull(),
    lotNumber: text("lot_number"),
    /** The lot's, or EXPIRED where nothing else keeps it from being sold. */
    lotStatus: text("lot_status"),
    expiresOn: text("expires_on"),
    onHandMilli: integer("on_hand_milli").notNull(),
    reservedMilli: integer("reserved_milli").notNull(),
    incomingMilli: integer("incoming_milli").notNull(),
    /** INV-INV-2: whether the cell is any stock. A column, since what an index says of quantities is written anew whenever they change. */
    isShown: integer("is_shown", { mode: "boolean" }),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.productId, t.locationId, t.lotId] }),
    index("stock_levels_shown_by_location").on(t.orgId, t.locationId, t.productId, t.lotId).where(sql`is_shown = 1`),
    index("stock_levels_shown_by_product").on(t.orgId, t.productId, t.locationId, t.lotId).where(sql`is_shown = 1`),
    index("stock_levels_expiry")
      .on(t.orgId, t.expiresOn, t.productId, t.locationId, t.lotId)
      .where(sql`expires_on IS NOT NULL AND on_hand_milli > 0`),
  ],
)

export const stockMovements = tenantTable(
  "stock_movements",
  {
    id: text("id").$type<MovementId>().notNull(),
    productId: text("product_id").$type<ProductId>().notNull(),
    locationId: text("location_id").$type<LocationId>().notNull(),
    toLocationId: text("to_location_id").$type<LocationId>(),
    lotId: text("lot_id").$type<LotId>(),
    lotNumber: text("lot_number"),
    expiresOn: text("expires_on"),
    type: text("type").$type<MovementType>().notNull(),
    quantityMilli: integer("quantity_milli").notNull(),
    reason: text("reason").$type<MovementReason>().notNull(),
    orderId: text("order_id").$type<OrderId>(),
    orderLineId: text("order_line_id").$type<OrderLineId>(),
    unitId: text("unit_id").$type<UnitId>(),
    unitCostMilli: integer("unit_cost_milli"),
    currency: text("currency"),
    reference: text("reference"),
    corrects: text("corrects").$type<MovementId>(),
    receives: text("receives").$type<MovementId>(),
    /** Of goods that were sent on their way: how much has not arrived. It falls; all else here never changes. */
    openMilli: integer("open_milli"),
    actorId: text("actor_id"),
    actorName: text("actor_name").notNull(),
    effectiveAt: integer("effective_at").notNull(),
    recordedAt: integer("recorded_at").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), index("stock_movements_product").on(t.orgId, t.productId, t.id)],
)

/** Minimums, and whether stock is under them; a location of '' is all of them together. */
export const stockMinimums = tenantTable(
  "stock_minimums",
  {
    productId: text("product_id").$type<ProductId>().notNull(),
    locationId: text("location_id").$type<LocationId | "">().notNull(),
    minMilli: integer("min_milli").notNull(),
    isLow: integer("is_low", { mode: "boolean" }).notNull(),
    lowSince: integer("low_since"),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.productId, t.locationId] }),
    index("stock_minimums_low").on(t.orgId, t.productId, t.locationId).where(sql`is_low = 1`),
  ],
)

export type MovementRow = typeof stockMovements.$inferSelect
