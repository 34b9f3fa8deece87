import { eq, sql } from "drizzle-orm"
import type { AcrossDb } from "../db/tenant-db.ts"
import { jobCursors } from "./tables.ts"

/** How far the walk of this name came; undefined where it starts anew. */
export const keptCursor = async (db: AcrossDb, name: string): Promise<string | undefined> =>
  (await db.one(jobCursors, eq(jobCursors.name, name)))?.cursor ?? undefined

/** Where the walk goes on the next time, if not from its beginning. */
export async function keepCursor(db: AcrossDb, name: string, cursor: string | undefined): Promise<void> {
  await db.query(
    sql`insert into job_cursors (name, cursor) values (${name}, ${cursor ?? null}) on conflict (name) do update set cursor = excluded.cursor`,
  )
}
