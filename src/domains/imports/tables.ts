import { sql } from "drizzle-orm"
import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { FileId, ImportJobId, OrganizationId } from "../../kernel/ids.ts"
import type { Actor } from "../../platform/auth/actor.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { ImportKind, ImportStatus } from "./rules.ts"

/** Who started which import, and how it ended. */
export const importJobs = tenantTable(
  "import_jobs",
  {
    id: text("id").$type<ImportJobId>().notNull(),
    kind: text("kind").$type<ImportKind>().notNull(),
    /** RUNNING is never written: while an import runs, its object knows. */
    status: text("status").$type<ImportStatus>().notNull(),
    fileId: text("file_id").$type<FileId>().notNull(),
    /** The supplier of all orders in the file, where the request named one. */
    supplierId: text("supplier_id").$type<OrganizationId>(),
    startedByKind: text("started_by_kind").$type<Actor["kind"]>().notNull(),
    startedBy: text("started_by").$type<Actor["id"]>().notNull(),
    startedByName: text("started_by_name").notNull(),
    /** Where the one who started it belongs: the platform, of its staff. */
    homeOrgId: text("home_org_id").$type<OrganizationId>().notNull(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    total: integer("total").notNull(),
    done: integer("done").notNull(),
    failed: integer("failed").notNull(),
    /** Why it FAILED as a whole, or why there is no file of its failed rows. */
    reason: text("reason"),
    errorsFileId: text("errors_file_id").$type<FileId>(),
    createdAt: integer("created_at").notNull(),
    finishedAt: integer("finished_at"),
    /** When the sweep next asks its object to go on. */
    dueAt: integer("due_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    index("import_jobs_due").on(t.dueAt).where(sql`finished_at is null`),
    index("import_jobs_open").on(t.orgId).where(sql`finished_at is null`),
    index("import_jobs_finished").on(t.finishedAt).where(sql`finished_at is not null`),
  ],
)

export type ImportJobRow = typeof importJobs.$inferSelect
