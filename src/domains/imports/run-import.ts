import type { ImportDesk, ImportNext, ImportProgress, ImportWork } from "../../../durable-objects/import-job/client.ts"
import { giveWay } from "../../kernel/give-way.ts"
import { platformOrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { ok, RefusalError } from "../../kernel/result.ts"
import { hour } from "../../kernel/time.ts"
import { visitorPermission } from "../../platform/auth/permissions.ts"
import { Meter } from "../../platform/db/meter.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import { type Bindings, configOf } from "../../platform/env.ts"
import { csvRecords, piecesOf } from "../../platform/files/csv-records.ts"
import { limitPrincipal } from "../../platform/http/rate-limit.ts"
import { readImportFile } from "../files/index.ts"
import { permissionsNow } from "../identity/index.ts"
import { organizationStore } from "../organizations/index.ts"
import { batchesOf, isPlaced } from "./batches.ts"
import { carryingOut } from "./carry-out.ts"
import { countRows, fileGone } from "./count-rows.ts"
import { endImport } from "./end-import.ts"
import { importPermission } from "./rules.ts"
import { importStore } from "./store.ts"
import type { ImportJobRow } from "./tables.ts"

/** Works an import off from where it stands, for some batches. Where it dies, what it had not kept is done again and changes nothing. */
export const runImport: ImportWork = async (desk) => {
  const { env, progress } = desk
  const meter = new Meter()
  const db = TenantDb.forSystem(env, meter, progress.orgId, "an import goes on in the name of who started it, whose request is over")
  const job = await importStore(db).byId(progress.jobId)
  if (job === undefined || job.finishedAt !== null) return "over"
  const end = async (at: ImportProgress, reason: string | null): Promise<ImportNext> => {
    await endImport({ ...desk, progress: at }, db, job, reason)
    return "over"
  }
  const why = await whyStop(desk, db, job)
  if (why !== undefined) return end(progress, why)
  const { columns, offset, total } = progress
  const counted = columns === null ? await countRows(env, job) : ok({ columns, offset, total })
  if (!counted.ok) return end(progress, counted.error)
  let at = { ...progress, ...counted.value }
  if (columns === null) await desk.save(at, [])

  // The bucket has no bytes behind the last one to begin at.
  if (at.done + at.failed >= at.total) return end(at, null)
  const body = await readImportFile(env, { orgId: job.orgId, id: job.fileId }, at.offset)
  if (body === undefined) return end(at, fileGone)
  const carryOut = carryingOut(env, meter, db, job)
  const records = csvRecords(piecesOf(body), at.offset, limits.importRecordBytesMax)
  let batches = 0
  for await (const units of batchesOf(job.kind, at.columns, records, at.done + at.failed + 1)) {
    if (job.kind === "orders" && !(await mayPlace(env, job, units.filter(isPlaced).length))) return { afterMs: limits.importRestMs }
    const failed = await carryOut(units)
    const rows = units.reduce((sum, unit) => sum + unit.rows.length, 0)
    at = { ...at, offset: units.at(-1)?.end ?? at.offset, done: at.done + rows - failed.length, failed: at.failed + failed.length }
    await desk.save(at, failed)
    batches += 1
    if (batches >= limits.importBatchesPerAlarm) return { afterMs: 0 }
    await giveWay()
  }
  return end(at, null)
}

/**
 * INV-IMP-10: all imports of one person, or key, place as many orders a minute as they might make requests: an allowance like
 * that of their requests, beside it, so that they are not kept from asking how far it is. What a batch
 * took in vain is lost; a minute gives it back.
 */
async function mayPlace(env: Bindings, job: ImportJobRow, orders: number): Promise<boolean> {
  try {
    for (let order = 0; order < orders; order += 1) await limitPrincipal(env, configOf(env), `${job.startedBy} imports`, Date.now())
    return true
  } catch (error) {
    if (error instanceof RefusalError && error.refusal.code === "RATE_LIMITED") return false
    throw error
  }
}

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
  // A visitor's permissions are the platform's own: what lets them in lets them do everything there.
  const needed = isVisitor ? visitorPermission : importPermission[job.kind]
  return held?.has(needed) === true ? undefined : "Who started it may not do this any more."
}
