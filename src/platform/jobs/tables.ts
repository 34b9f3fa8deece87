import { text } from "drizzle-orm/sqlite-core"
import { platformTable } from "../db/tables.ts"

/** How far a walk came that cron does a piece at a time. */
export const jobCursors = platformTable("job_cursors", { name: text("name").primaryKey(), cursor: text("cursor") })
