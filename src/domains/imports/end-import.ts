import { announceEvents } from "../../../durable-objects/event-hub/client.ts"
import type { FailedRow, ImportDesk } from "../../../durable-objects/import-job/client.ts"
import { sha256 } from "../../kernel/digest.ts"
import { derivedId, type FileId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Statement } from "../../platform/db/executor.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import { csvLines } from "../../platform/http/csv.ts"
import type { Chunks } from "../../platform/http/upload.ts"
import { log } from "../../platform/log/log.ts"
import { dropImportFile, writeImportFile } from "../files/index.ts"
import { importEvents } from "./events.ts"
import { errorColumns } from "./rules.ts"
import { importStore } from "./store.ts"
import type { ImportJobRow } from "./tables.ts"

/**
 * INV-IMP-4: ends an import once: the file of its failed rows, how it ended, the audit row and the event that tells who
 * started it. `reason` says why it FAILED; without one it is DONE. What was begun before and died is done again.
 * INV-IMP-12: an import ends, with the file of its failed rows or without: one that finds no room, or cannot be written, is
 * done without and `reason` says so. @throws where D1 fails, or the file may yet be written: its object tries again.
 */
export async function endImport(desk: ImportDesk, db: TenantDb, job: ImportJobRow, reason: string | null): Promise<void> {
  const now = Date.now()
  const written = await writeErrors(desk, db, job, now)
  try {
    await close(desk, db, job, { reason, written, now })
  } catch (error) {
    if (!(error instanceof RefusalError) || error.refusal.code !== "QUOTA_EXCEEDED" || written.fileId === null) throw error
    await dropImportFile(desk.env, { orgId: job.orgId, id: written.fileId })
    await close(desk, db, job, { reason, written: doneWithout("There was no room for the file of its failed rows."), now })
  }
}

/** The file of the failed rows, and the statements that make it known; or why there is none. */
type Written = { readonly fileId: FileId | null; readonly statements: readonly Statement[]; readonly why: string | null }

const doneWithout = (why: string | null): Written => ({ fileId: null, statements: [], why })

async function writeErrors(desk: ImportDesk, db: TenantDb, job: ImportJobRow, now: number): Promise<Written> {
  const { env, progress } = desk
  if (progress.failed === 0) return doneWithout(null)
  const id = await errorsFileIdOf(job)
  const file = { orgId: job.orgId, id, name: `${job.kind}-import-failed-rows.csv`, uploadedBy: job.startedBy, now }
  const failedTries = progress.errorsFileTries ?? 0
  if (failedTries >= limits.importErrorsFileTriesMax) {
    log.error("an import ends without the file of its failed rows", { job: job.id })
    return doneWithout("The file of its failed rows could not be written.")
  }
  // Counted as failed before it begins, so that dying of it counts, too. What fails after it, D1 say, is no fault of the file's.
  await desk.note({ ...progress, errorsFileTries: failedTries + 1 })
  const statements = await writeImportFile(env, db, file, linesOf(desk, progress.columns ?? []))
  await desk.note({ ...progress, errorsFileTries: failedTries })
  return { fileId: id, statements, why: null }
}

type Ending = { readonly reason: string | null; readonly written: Written; readonly now: number }

async function close({ env, progress }: ImportDesk, db: TenantDb, job: ImportJobRow, { reason, written, now }: Ending): Promise<void> {
  const { total, done, failed } = progress
  const { fileId: errorsFileId, statements, why } = written
  const status = reason === null ? "DONE" : "FAILED"
  const told = [reason, why].filter((part) => part !== null).join(" ") || null
  const ended = { job_id: job.id, kind: job.kind, status, total, done, failed, errors_file_id: errorsFileId, assignee_id: job.startedBy }
  const announced: Promise<void>[] = []
  // Nobody's own act: who started it is told, whom their own acts never are.
  const work = new UnitOfWork(now, { ipAddress: null, userAgent: null }, undefined, {
    events: (orgIds) => announced.push(announceEvents(env, orgIds)),
    revoked: () => undefined,
  })
  work
    .add(...importStore(db).end(job.id, { status, total, done, failed, reason: told, errorsFileId, finishedAt: now }), ...statements)
    .audit(db, {
      action: `imports.${job.kind}.finish`,
      entity: "import",
      entityId: job.id,
      after: { ...ended, reason: told },
      actor: { kind: job.startedByKind, id: job.startedBy, name: job.startedByName, organizationId: job.orgId },
    })
    .event(db, importEvents.finished, ended)
  try {
    await work.commit(db)
  } catch (error) {
    // It has ended already.
    if (!(error instanceof RefusalError) || error.refusal.code !== "CONFLICT") throw error
  }
  await Promise.all(announced)
}

/** The same each time: what is written twice is one file. */
const errorsFileIdOf = async (job: ImportJobRow): Promise<FileId> => derivedId("fil", await sha256(`failed rows of ${job.id}`))

/** The failed rows as they stood in the file, each with its number and why; page by page, so that few are held. */
function linesOf({ failedRows }: ImportDesk, columns: readonly string[]): Chunks {
  const encoder = new TextEncoder()
  // A header that had these columns itself, since its file was such a file once, has them once here too.
  const kept = columns.flatMap((column, index) => ((errorColumns as readonly string[]).includes(column) ? [] : [{ column, index }]))
  const lineOf = ({ row, cells, reason }: FailedRow) => [row, reason, ...kept.map(({ index }) => cells[index] ?? "")]
  let afterRow = -1
  return async () => {
    if (afterRow < 0) {
      afterRow = 0
      return encoder.encode(csvLines([[...errorColumns, ...kept.map(({ column }) => column)]]))
    }
    const rows = failedRows(afterRow, limits.importFailuresPageRows)
    afterRow = rows.at(-1)?.row ?? afterRow
    return rows.length === 0 ? undefined : encoder.encode(csvLines(rows.map(lineOf)))
  }
}
