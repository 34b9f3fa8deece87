import { and, eq, sql } from "drizzle-orm"
import type { LocationId } from "../../kernel/ids.ts"
import { newestFirst } from "../../platform/db/by-id.ts"
import type { Scan } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { LocationKind } from "./rules.ts"
import { isOpen, type LocationRow, locations } from "./tables.ts"

type LocationFilter = {
  readonly kind: LocationKind | undefined
  readonly after: LocationId | undefined
  readonly rowsMax: number
}

export const locationStore = (db: TenantDb) => ({
  /** Its own places and those that it runs for others, newest first. */
  page({ kind, after, rowsMax }: LocationFilter): Promise<Scan<LocationRow>> {
    const matches = kind === undefined ? undefined : sql`kind = ${kind}`
    return newestFirst(db, locations, { after, where: isOpen, matches, rowsMax, indexedBy: "locations_open" })
  },

  /** A place of its own, or one that it runs now. */
  byId: (id: LocationId): Promise<LocationRow | undefined> => db.one(locations, and(isOpen, eq(locations.id, id))),
})
