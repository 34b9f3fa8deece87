import { importProgress, startImport } from "../../../durable-objects/import-job/client.ts"
import type { ImportJobId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { importStore } from "./store.ts"
import { toJobView } from "./views.ts"

/** INV-IMP-1: an import is seen by who started it. @throws RefusalError NOT_FOUND: anybody else's is as unknown as none. */
export async function findJob(ctx: Ctx, id: ImportJobId): Promise<ReturnType<typeof toJobView>> {
  const row = await importStore(ctx.db).byId(id)
  if (row === undefined || row.startedBy !== ctx.actor.id) throw new RefusalError({ code: "NOT_FOUND", detail: "There is no such job." })
  if (row.finishedAt !== null) return toJobView(row, null)
  const progress = await importProgress(ctx, id)
  if (progress !== null) return toJobView(row, progress)
  // Either it ended a moment ago, or it was never begun: then now it is.
  const later = await importStore(ctx.db).byId(id)
  if (later?.finishedAt === null) await startImport(ctx, id, ctx.orgId)
  return toJobView(later ?? row, null)
}
