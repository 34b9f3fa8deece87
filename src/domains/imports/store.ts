import { and, eq, isNull, sql } from "drizzle-orm"
import type { ImportJobId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard, guardChanged } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type ImportJobRow, importJobs } from "./tables.ts"

type Ending = Pick<ImportJobRow, "status" | "total" | "done" | "failed" | "reason" | "errorsFileId" | "finishedAt">

export const importStore = (db: TenantDb) => ({
  byId: (id: ImportJobId): Promise<ImportJobRow | undefined> => db.byId(importJobs, id),

  /** Refused with CONFLICT where too many are under way. */
  insert: (row: Omit<ImportJobRow, "orgId">): Statement[] => [
    db.insert(importJobs, row),
    guard(
      "CONFLICT",
      sql`(select count(*) from import_jobs indexed by import_jobs_open where org_id = ${db.orgId} and finished_at is null) <= ${limits.importsAtOnceMax}`,
    ),
  ],

  /** INV-IMP-4: it ends once. Whoever comes second is refused with CONFLICT, and all else in their batch with it. */
  end: (id: ImportJobId, ending: Ending): Statement[] => [
    db.update(importJobs, and(eq(importJobs.id, id), isNull(importJobs.finishedAt)), ending),
    guardChanged("CONFLICT"),
  ],
})
