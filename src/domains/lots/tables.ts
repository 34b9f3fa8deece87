import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { LotId, ProductId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { LotStatus } from "./rules.ts"

/** Projection of lots, written by their owner's relay alone. */
export const lots = tenantTable(
  "lots",
  {
    id: text("id").$type<LotId>().notNull(),
    productId: text("product_id").$type<ProductId>().notNull(),
    number: text("number").notNull(),
    expiresOn: text("expires_on"),
    status: text("status").$type<LotStatus>().notNull(),
    reason: text("reason"),
    expiredAt: integer("expired_at"),
    receivedAt: integer("received_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    version: integer("version").notNull(),
    seq: integer("seq").notNull(),
    generation: integer("generation").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), index("lots_number").on(t.orgId, t.number, t.productId)],
)
