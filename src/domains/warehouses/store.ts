import { and, desc, eq, lt, sql } from "drizzle-orm"
import type { LocationId } from "../../kernel/ids.ts"
import { type Scan, scanNewestFirst } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { LocationKind } from "./rules.ts"
import { isOpen, type LocationRow, locations } from "./tables.ts"

export const locationStore = (db: TenantDb) => ({
  /** Its own places and those that it runs for others, newest first. */
  async page({
    kind,
    after,
    rowsMax,
  }: {
    readonly kind: LocationKind | undefined
    readonly after: LocationId | undefined
    readonly rowsMax: number
  }): Promise<Scan<LocationRow>> {
    const within = and(isOpen, after === undefined ? undefined : lt(locations.id, after))
    if (kind === undefined) {
      const rows = await db.many(locations, { where: within, orderBy: [desc(locations.id)], indexedBy: "locations_open", limit: rowsMax })
      return { rows, stoppedAt: undefined }
    }
    return scanNewestFirst(db, locations, { within, matches: sql`kind = ${kind}`, rowsMax, indexedBy: "locations_open" })
  },

  /** A place of its own, or one that it runs now. */
  byId: (id: LocationId): Promise<LocationRow | undefined> => db.one(locations, and(isOpen, eq(locations.id, id))),
})
