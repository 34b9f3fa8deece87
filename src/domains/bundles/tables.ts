import { sql } from "drizzle-orm"
import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { BundleComponentId, ProductId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { ComponentRole } from "./rules.ts"

/** Projection of what bundles are made of; written by the ledger's relay alone. One that was taken out stays, with the time. */
export const bundleComponents = tenantTable(
  "bundle_components",
  {
    id: text("id").$type<BundleComponentId>().notNull(),
    parentId: text("parent_id").$type<ProductId>().notNull(),
    childId: text("child_id").$type<ProductId>().notNull(),
    quantityMilli: integer("quantity_milli").notNull(),
    role: text("role").$type<ComponentRole>().notNull(),
    createdAt: integer("created_at").notNull(),
    removedAt: integer("removed_at"),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    index("bundle_components_live").on(t.orgId, t.id).where(sql`removed_at IS NULL`),
    index("bundle_components_parent").on(t.orgId, t.parentId, t.id).where(sql`removed_at IS NULL`),
    index("bundle_components_child").on(t.orgId, t.childId, t.id).where(sql`removed_at IS NULL`),
  ],
)
