import { and, desc, eq, lt, type SQL } from "drizzle-orm"
import type { LocationId, ProductId, UnitId } from "../../kernel/ids.ts"
import { type Scan, scanNewestFirst } from "../../platform/db/scan.ts"
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
  async page({ productId, status, serial, locationId, after, rowsMax }: UnitFilter): Promise<Scan<UnitRow>> {
    const filters = [
      { indexedBy: "stock_units_serial", is: serial === undefined ? undefined : eq(stockUnits.serial, serial) },
      { indexedBy: "stock_units_product", is: productId === undefined ? undefined : eq(stockUnits.productId, productId) },
      { indexedBy: "stock_units_location", is: locationId === undefined ? undefined : eq(stockUnits.locationId, locationId) },
      { indexedBy: "stock_units_status", is: status === undefined ? undefined : eq(stockUnits.status, status) },
    ].filter((filter): filter is { indexedBy: string; is: SQL } => filter.is !== undefined)
    const [walked, ...rest] = filters
    const within = and(walked?.is, after === undefined ? undefined : lt(stockUnits.id, after))
    const index = walked === undefined ? {} : { indexedBy: walked.indexedBy }
    if (rest.length > 0) return scanNewestFirst(db, stockUnits, { within, matches: and(...rest.map(({ is }) => is)), rowsMax, ...index })
    return {
      rows: await db.many(stockUnits, { where: within, orderBy: [desc(stockUnits.id)], limit: rowsMax, ...index }),
      stoppedAt: undefined,
    }
  },
})
