import { startImport as startObject } from "../../../durable-objects/import-job/client.ts"
import { type FileId, newId, type OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { second } from "../../kernel/time.ts"
import { cellsOf, csvRecords, piecesOf } from "../../platform/files/csv-records.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalid } from "../../platform/http/input.ts"
import type { Upload } from "../../platform/http/upload.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { takeImportFile } from "../files/index.ts"
import { importEvents } from "./events.ts"
import { cellFaults, type ImportKind, readHeader } from "./rules.ts"
import { importStore } from "./store.ts"
import type { ImportJobRow } from "./tables.ts"

type Asked = {
  readonly kind: ImportKind
  readonly given: Upload | FileId
  readonly name: string | undefined
  readonly supplierId?: OrganizationId | undefined
}

/**
 * Takes the file in, looks at its header, and notes the import with its audit row. The object is called once that is
 * committed; where the call fails, the sweep or the first look at the job makes up for it.
 */
export async function startImport(ctx: Ctx, { kind, given, name, supplierId }: Asked): Promise<ImportJobRow> {
  const file = await takeImportFile(ctx, given, name, (head) => checkHeader(head, kind, supplierId !== undefined))
  const row: ImportJobRow = {
    orgId: ctx.orgId,
    id: newId("job", ctx.now),
    kind,
    status: "QUEUED",
    fileId: file.id,
    supplierId: supplierId ?? null,
    startedByKind: ctx.actor.kind,
    startedBy: ctx.actor.id,
    startedByName: ctx.actor.name,
    homeOrgId: ctx.actor.kind === "USER" ? ctx.actor.homeOrgId : ctx.orgId,
    ipAddress: ctx.origin.ipAddress,
    userAgent: ctx.origin.userAgent,
    total: 0,
    done: 0,
    failed: 0,
    reason: null,
    errorsFileId: null,
    createdAt: ctx.now,
    finishedAt: null,
    dueAt: ctx.now + limits.importSweepSeconds * second,
  }
  const { orgId, ...values } = row
  ctx.work
    .add(...importStore(ctx.db).insert(values))
    .onGuard({ code: "CONFLICT", detail: `At most ${limits.importsAtOnceMax} imports are under way at once; wait for one to end.` })
    .audit(ctx.db, {
      action: `imports.${kind}.start`,
      entity: "import",
      entityId: row.id,
      after: { kind, file_id: file.id, supplier_id: row.supplierId },
    })
    .event(ctx.db, importEvents.started, {
      job_id: row.id,
      kind,
      status: row.status,
      total: 0,
      done: 0,
      failed: 0,
      errors_file_id: null,
      assignee_id: row.startedBy,
    })
    .afterCommit(async () => {
      try {
        await startObject(ctx, row.id, orgId)
      } catch (error) {
        log.warn("an import waits for the sweep", { job: row.id, error: describeError(error) })
      }
    })
  return row
}

/** @throws RefusalError VALIDATION_FAILED for a header that is none: nothing has happened by then. */
async function checkHeader(head: ReadableStream<Uint8Array>, kind: ImportKind, hasSupplier: boolean): Promise<void> {
  for await (const record of csvRecords(piecesOf(head), 0, limits.importRecordBytesMax)) {
    const cells = cellsOf(record)
    if (typeof cells === "string") throw invalid([{ pointer: "/columns", code: cells, message: cellFaults[cells] }])
    const header = readHeader(kind, cells, hasSupplier)
    if (!header.ok) throw invalid(header.error)
    return
  }
  throw invalid([{ pointer: "/columns", code: "REQUIRED", message: "The file is empty; its first line names the columns." }])
}
