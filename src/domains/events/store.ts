import { and, eq, inArray, sql } from "drizzle-orm"
import type { EventId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { Scan } from "../../platform/db/scan.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import { nothing, type TenantDb } from "../../platform/db/tenant-db.ts"
import { type EventRow, events } from "../../platform/events/tables.ts"

export type Visible = {
  /** What the reader may see. */
  readonly permissions: readonly Permission[]
  readonly types: readonly string[] | null
}

const isVisible = ({ permissions, types }: Visible) =>
  and(
    permissions.length === 0 ? nothing : inArray(events.permission, [...permissions]),
    types === null ? undefined : inArray(events.type, [...types]),
  )

export const eventStore = (db: TenantDb) => ({
  byId: (id: EventId, visible: Visible): Promise<EventRow | undefined> => db.one(events, and(eq(events.id, id), isVisible(visible))),

  /** The newest first, by commit. At most `filterScanRowsMax` are looked at; the walk ends as soon as the page is full. */
  async page(
    visible: Visible,
    before: number | undefined,
    rowsMax: number,
  ): Promise<Omit<Scan<EventRow>, "stoppedAt"> & { readonly stoppedAt: number | undefined }> {
    const bound = limits.filterScanRowsMax
    const walked = (columns: "seq" | "*") => (orgId: string) => {
      const from = sql`from events indexed by events_org_id_seq where org_id = ${orgId} and seq < ${before ?? Number.MAX_SAFE_INTEGER} order by seq desc limit ${bound}`
      return columns === "*" ? sql`select * ${from}` : sql`select seq ${from}`
    }
    const [found = []] = await db.query(
      (orgId) => sql`select * from (${walked("*")(orgId)}) as events where ${isVisible(visible)} limit ${rowsMax}`,
    )
    const rows = found.map((row) => decodeRow(events, row))
    if (rows.length === rowsMax) return { rows, stoppedAt: undefined }
    const [[last] = []] = await db.query((orgId) => sql`select count(*) as walked, min(seq) as seq from (${walked("seq")(orgId)})`)
    return { rows, stoppedAt: last?.["walked"] === bound ? Number(last["seq"]) : undefined }
  },

  /** The newest event's place, and how many there are after `lastSeq`, counted up to one more than `countMax`. */
  async standing(lastSeq: number, countMax: number): Promise<{ readonly newestSeq: number; readonly missed: number }> {
    const [[newest] = [], [count] = []] = await db.query(
      (orgId) => sql`select max(seq) as seq from events indexed by events_org_id_seq where org_id = ${orgId}`,
      (orgId) => sql`select count(*) as missed from (
        select 1 from events indexed by events_org_id_seq where org_id = ${orgId} and seq > ${lastSeq} limit ${countMax + 1})`,
    )
    return { newestSeq: Number(newest?.["seq"] ?? 0), missed: Number(count?.["missed"] ?? 0) }
  },
})
