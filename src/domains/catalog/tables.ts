import { sql } from "drizzle-orm"
import { index, integer, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import type { IdentityId, ProductId } from "../../kernel/ids.ts"
import type { Pack } from "../../kernel/pack.ts"
import { linkedTable } from "../../platform/db/tables.ts"
import type { Condition, ProductImage } from "./rules.ts"

/** As the indexes of variants have it, word for word: SQLite uses them for a query that says the same. */
export const isVariant = sql`identity_id IS NOT NULL AND archived_at IS NULL`

/** Projection of products with price and availability in one row, so that a catalog page is one index walk; written by the supplier's relay alone. */
export const products = linkedTable(
  "products",
  {
    /** The rowid, which full-text search pages by. */
    row: integer("row").primaryKey(),
    id: text("id").$type<ProductId>().notNull(),
    sku: text("sku").notNull(),
    name: text("name").notNull(),
    description: text("description").notNull(),
    category: text("category").notNull(),
    unit: text("unit").notNull(),
    quantityStepMilli: integer("quantity_step_milli").notNull(),
    priceMinor: integer("price_minor").notNull(),
    currency: text("currency").notNull(),
    minOrderMilli: integer("min_order_milli").notNull(),
    minStockMilli: integer("min_stock_milli").notNull(),
    stockMilli: integer("stock_milli").notNull(),
    /** What can be sold now. Rows of before it was counted were given their stock. */
    availableMilli: integer("available_milli"),
    /** Guards the stock alone: a sale rewrites three columns and no index. */
    stockSeq: integer("stock_seq").notNull(),
    isActive: integer("is_active", { mode: "boolean" }).notNull(),
    images: text("images", { mode: "json" }).$type<readonly ProductImage[]>().notNull(),
    archivedAt: integer("archived_at"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
    identityId: text("identity_id").$type<IdentityId>(),
    color: text("color"),
    size: text("size"),
    condition: text("condition").$type<Condition>(),
    gtin: text("gtin"),
    packs: text("packs", { mode: "json" }).$type<readonly Pack[]>(),
  },
  (t) => [
    uniqueIndex("products_org_id_id").on(t.orgId, t.id),
    index("products_id").on(t.id),
    index("products_name").on(t.orgId, t.isActive, t.name, t.id),
    index("products_category").on(t.orgId, t.isActive, t.category, t.name, t.id),
    index("products_price").on(t.orgId, t.isActive, t.priceMinor, t.id),
    index("products_variants").on(t.orgId, t.id).where(isVariant),
    index("products_identity").on(t.orgId, t.identityId, t.id).where(isVariant),
    index("products_variant_sku").on(t.orgId, t.sku).where(isVariant),
  ],
)

export type ProductRow = typeof products.$inferSelect
