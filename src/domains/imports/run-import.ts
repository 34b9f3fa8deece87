import type { ImportDesk, ImportProgress, ImportWork } from "../../../durable-objects/import-job/client.ts"
import { platformOrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import { hour } from "../../kernel/time.ts"
import { Meter } from "../../platform/db/meter.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import { cellsOf, csvRecords, piecesOf } from "../../platform/files/csv-records.ts"
import { readImportFile } from "../files/index.ts"
import { permissionsNow } from "../identity/index.ts"
import { organizationStore } from "../organizations/index.ts"
import { batchesOf } from "./batches.ts"
import { carryingOut } from "./carry-out.ts"
import { endImport } from "./end-import.ts"
import { cellFaults, importPermission, readHeader } from "./rules.ts"
import { importStore } from "./store.ts"
import type { ImportJobRow } from "./tables.ts"

/** Works an import off from where it stands, for some batches. Where it dies, what it had not kept is done again and changes nothing. */
export const runImport: ImportWork = async (desk) => {
  const { env, progress } = desk
  const meter = new Meter()
  const db = TenantDb.forSystem(env, meter, progress.orgId, "an import goes on in the name of who started it, whose request is over")
  const job = await importStore(db).byId(progress.jobId)
  if (job === undefined || job.finishedAt !== null) return true
  const end = async (at: ImportProgress, reason: string | null) => {
    await endImport({ ...desk, progress: at }, db, job, reason)
    return true
  }
  const why = await whyStop(desk, db, job)
  if (why !== undefined) return end(progress, why)
  const counted = progress.columns === null ? await countRows(desk, job) : ok({ ...progress, columns: progress.columns })
  if (!counted.ok) return end(progress, counted.error)
  if (progress.columns === null) await desk.save(counted.value, [])

  let at = counted.value
  // The bucket has no bytes behind the last one to begin at.
  if (at.done + at.failed >= at.total) return end(at, null)
  const body = await readImportFile(env, { orgId: job.orgId, id: job.fileId }, at.offset)
  if (body === undefined) return end(at, fileGone)
  const carryOut = carryingOut(env, meter, db, job)
  const records = csvRecords(piecesOf(body), at.offset, limits.importRecordBytesMax)
  let batches = 0
  for await (const units of batchesOf(job.kind, at.columns, records, at.done + at.failed + 1)) {
    const failed = await carryOut(units)
    const rows = units.reduce((sum, unit) => sum + unit.rows.length, 0)
    at = { ...at, offset: units.at(-1)?.end ?? at.offset, done: at.done + rows - failed.length, failed: at.failed + failed.length }
    await desk.save(at, failed)
    batches += 1
    if (batches >= limits.importBatchesPerAlarm) return false
  }
  return end(at, null)
}

const fileGone = "The file is gone."

/** INV-IMP-5: what somebody started goes on only while they may still do it. */
async function whyStop({ env }: ImportDesk, db: TenantDb, job: ImportJobRow): Promise<string | undefined> {
  const now = Date.now()
  if (now - job.createdAt > limits.importHoursMax * hour) return `It was not done within ${limits.importHoursMax} hours.`
  const meter = new Meter()
  const organization = await organizationStore({ env, meter }).byId(job.orgId)
  if (organization?.status !== "ACTIVE") return "The organization is deactivated."
  const isVisitor = job.homeOrgId === platformOrganizationId
  const home = isVisitor ? TenantDb.forSystem(env, meter, platformOrganizationId, "platform staff belong to the platform") : db
  const who = { kind: job.startedByKind, id: job.startedBy, homeOrgId: job.homeOrgId } as Parameters<typeof permissionsNow>[1]
  const held = await permissionsNow(home, who, now)
  return held !== undefined && (isVisitor || held.has(importPermission[job.kind])) ? undefined : "Who started it may not do this any more."
}

type Counted = ImportProgress & { readonly columns: readonly string[] }

/** Reads the whole file once before anything is done: how many rows there are, and whether they are too many. */
async function countRows({ env, progress }: ImportDesk, job: ImportJobRow): Promise<Result<Counted, string>> {
  const body = await readImportFile(env, { orgId: job.orgId, id: job.fileId }, 0)
  if (body === undefined) return err(fileGone)
  let columns: readonly string[] | undefined
  let offset = 0
  let total = 0
  for await (const record of csvRecords(piecesOf(body), 0, limits.importRecordBytesMax)) {
    if (columns !== undefined) {
      total += 1
      if (total > limits.importRowsMax) return err(`The file has more than ${limits.importRowsMax} rows; send it in parts.`)
      continue
    }
    const cells = cellsOf(record)
    if (typeof cells === "string") return err(cellFaults[cells])
    const header = readHeader(job.kind, cells, job.supplierId !== null)
    if (!header.ok) return err(header.error.map(({ message }) => message).join(" "))
    columns = header.value
    offset = record.end
  }
  return columns === undefined ? err("The file is empty.") : ok({ ...progress, columns, offset, total })
}
