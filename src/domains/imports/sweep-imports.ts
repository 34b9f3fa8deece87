import { sql } from "drizzle-orm"
import { startImport } from "../../../durable-objects/import-job/client.ts"
import type { ImportJobId, OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { day, type Instant, second } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { deleteInBatches } from "../../platform/jobs/clean-up.ts"
import { describeError, log } from "../../platform/log/log.ts"

/** Has imports go on that are not over: one that nobody began begins so, and one that is at work is not disturbed. How many were asked. */
export async function sweepImports(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const [rows = []] = await acrossTenants(env, meter, "imports that are not over, whose ever they are").query(
    sql`update import_jobs set due_at = ${now + limits.importSweepSeconds * second} where (org_id, id) in
      (select org_id, id from import_jobs indexed by import_jobs_due where finished_at is null and due_at <= ${now} order by due_at limit ${limits.importSweepRowsMax})
      returning org_id, id`,
  )
  for (const row of rows) {
    try {
      await startImport({ env, meter }, row["id"] as ImportJobId, row["org_id"] as OrganizationId)
    } catch (error) {
      log.warn("an import could not be asked to go on", { job: String(row["id"]), error: describeError(error) })
    }
  }
  return rows.length
}

const batchRows = 500

/** Deletes imports that have long been over; their files go before them, by the files' own sweep. */
export const cleanUpImports = (env: Bindings, meter: Meter, now: Instant): Promise<number> =>
  deleteInBatches(acrossTenants(env, meter, "clean-up of imports that are long over"), batchRows, [
    sql`delete from import_jobs where (org_id, id) in (select org_id, id from import_jobs indexed by import_jobs_finished
      where finished_at <= ${now - limits.importJobDaysKept * day} and finished_at is not null limit ${batchRows}) returning 1`,
  ])
