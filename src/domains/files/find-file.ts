import type { FileId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx, SignedCtx } from "../../platform/http/context.ts"
import { maySee } from "./rules.ts"
import { fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"

const notFound = () => new RefusalError({ code: "NOT_FOUND", detail: "There is no such file." })

/** INV-FIL-1: a file that the actor may see. @throws RefusalError NOT_FOUND: one that they may not see is as unknown as none. */
export async function findFile(ctx: Ctx, id: FileId): Promise<FileRow> {
  const row = await fileStore(ctx.db).visible(id)
  if (row === undefined || !maySee(ctx.actor, row)) throw notFound()
  return row
}

/** The file that a signed URL shows: who may see it was asked when it was signed. @throws RefusalError NOT_FOUND when it is gone since. */
export async function findSigned(ctx: SignedCtx, id: FileId): Promise<FileRow> {
  const row = await fileStore(ctx.db).byId(id)
  if (row === undefined || (row.status !== "READY" && row.status !== "ATTACHED")) throw notFound()
  return row
}
