import { eq } from "drizzle-orm"
import type { LocationId, ProductId, UnitId } from "../../kernel/ids.ts"
import { narrowest, newestFirst } from "../../platform/db/by-id.ts"
import type { Scan } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { UnitStatus } from "./rules.ts"
import { stockUnits, type UnitRow } from "./tables.ts"

type UnitFilter = {
  readonly productId: ProductId | undefined
  readonly status: UnitStatus | undefined
  readonly serial: string | undefined
  readonly locationId: LocationId | undefined
  readonly after: UnitId | undefined
  readonly rowsMax: number
}

export const unitStore = (db: TenantDb) => ({
  byId: (id: UnitId): Promise<UnitRow | undefined> => db.byId(stockUnits, id),

  /** Newest first. The most telling filter has its index; what others leave of it is looked for within a bounded scan. */
  page({ productId, status, serial, locationId, after, rowsMax }: UnitFilter): Promise<Scan<UnitRow>> {
    const filters = narrowest([
      { indexedBy: "stock_units_serial", is: serial === undefined ? undefined : eq(stockUnits.serial, serial) },
      { indexedBy: "stock_units_product", is: productId === undefined ? undefined : eq(stockUnits.productId, productId) },
      { indexedBy: "stock_units_location", is: locationId === undefined ? undefined : eq(stockUnits.locationId, locationId) },
      { indexedBy: "stock_units_status", is: status === undefined ? undefined : eq(stockUnits.status, status) },
    ])
    return newestFirst(db, stockUnits, { after, rowsMax, ...filters })
  },
})
