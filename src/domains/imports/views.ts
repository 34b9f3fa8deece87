import type { ImportProgress } from "../../../durable-objects/import-job/client.ts"
import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import type { ImportJobRow } from "./tables.ts"

/** An import as it is: as its row tells once it is over, and until then as its object does. */
export function toJobView(row: ImportJobRow, progress: ImportProgress | null) {
  const running = row.finishedAt === null ? progress : null
  const { total, done, failed } = running ?? row
  return {
    id: row.id,
    kind: row.kind,
    status: running !== null && running.columns !== null ? ("RUNNING" as const) : row.status,
    total,
    done,
    failed,
    errors_file_id: row.errorsFileId,
    reason: row.reason,
    created_at: formatInstant(row.createdAt),
    finished_at: formatInstantOrNull(row.finishedAt),
  }
}
