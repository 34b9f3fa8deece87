import { and, eq, gte, lt, sql } from "drizzle-orm"
import { idFloor, type LocationId, type MovementId, type ProductId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import { newestFirst } from "../../platform/db/by-id.ts"
import type { Scan } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { MovementType } from "./rules.ts"
import { type MovementRow, stockMovements } from "./tables.ts"

type MovementFilter = {
  readonly productId: ProductId | undefined
  readonly locationId: LocationId | undefined
  readonly type: MovementType | undefined
  readonly from: Instant | undefined
  readonly to: Instant | undefined
  readonly after: MovementId | undefined
  readonly rowsMax: number
}

export const movementStore = (db: TenantDb) => ({
  byId: (id: MovementId): Promise<MovementRow | undefined> => db.byId(stockMovements, id),

  /** Newest first. Dates are bounds in the key and a product has its index; place and type are looked for within a bounded scan. */
  page({ productId, locationId, type, from, to, after, rowsMax }: MovementFilter): Promise<Scan<MovementRow>> {
    return newestFirst(db, stockMovements, {
      after,
      where: and(
        productId === undefined ? undefined : eq(stockMovements.productId, productId),
        from === undefined ? undefined : gte(stockMovements.id, idFloor("mov", from)),
        to === undefined ? undefined : lt(stockMovements.id, idFloor("mov", to)),
      ),
      matches: and(
        type === undefined ? undefined : sql`type = ${type}`,
        locationId === undefined ? undefined : sql`(location_id = ${locationId} or to_location_id = ${locationId})`,
      ),
      indexedBy: productId === undefined ? undefined : "stock_movements_product",
      rowsMax,
    })
  },
})
