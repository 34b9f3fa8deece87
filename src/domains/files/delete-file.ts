import type { FileId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { removeObject } from "./remove-object.ts"
import { mayDelete, maySee } from "./rules.ts"
import { fileStore } from "./store.ts"

/** INV-FIL-2: deletes a file that nothing refers to. @throws RefusalError NOT_FOUND, FORBIDDEN, INVALID_TRANSITION. */
export async function deleteFile(ctx: Ctx, id: FileId): Promise<void> {
  const store = fileStore(ctx.db)
  const row = await store.byId(id)
  const may = row !== undefined && mayDelete(ctx.actor, row.uploadedBy)
  if (row === undefined || (row.status !== "READY" && row.status !== "ATTACHED") || (!may && !maySee(ctx.actor, row))) {
    throw new RefusalError({ code: "NOT_FOUND", detail: "There is no such file." })
  }
  // One that another organization shared is theirs to keep.
  if (!may || row.ownerId !== ctx.orgId) {
    throw new RefusalError({
      code: "FORBIDDEN",
      detail: "A file is deleted by whoever uploaded it, or with the permission files.file.manage.",
    })
  }
  if (row.status === "ATTACHED") {
    throw new RefusalError({
      code: "INVALID_TRANSITION",
      detail: `A ${row.subjectKind} refers to the file.`,
      current: row.status,
      allowed: [],
    })
  }
  ctx.work
    .add(store.beginDeleting(id, "READY", ctx.now), guardChanged("INVALID_TRANSITION"))
    .audit(ctx.db, {
      action: "files.file.delete",
      entity: "file",
      entityId: id,
      before: { purpose: row.purpose, name: row.name, content_type: row.contentType, size_bytes: row.sizeBytes, sha256: row.sha256 },
    })
    .afterCommit(() => removeObject(ctx, row))
}
