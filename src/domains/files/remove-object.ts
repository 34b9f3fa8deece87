import type { FileId } from "../../kernel/ids.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { objectKeys } from "../../platform/files/thumbnail.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { objectKey } from "./rules.ts"
import { fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"

type Files = { readonly env: Bindings; readonly db: TenantDb; readonly now: number }

/** Removes the object of a row that is DELETING, then the row. What fails is the sweep's. */
export async function removeObject({ env, db }: Files, row: Pick<FileRow, "id" | "ownerId" | "purpose">): Promise<void> {
  try {
    await env.FILES.delete(objectKeys(objectKey(row)))
    await db.run(fileStore(db).endDeleting(row.id))
  } catch (error) {
    log.warn("file left to the sweep", { file: row.id, error: describeError(error) })
  }
}

/**
 * Throws away an upload that came to nothing. Only while its row says UPLOADING: where the batch that ended the upload was
 * committed unheard, the file stays.
 */
export async function abandonUpload(files: Files, row: Pick<FileRow, "id" | "ownerId" | "purpose">): Promise<void> {
  if (await beginDeleting(files, row.id, "UPLOADING")) await removeObject(files, row)
}

async function beginDeleting({ db, now }: Files, id: FileId, from: "UPLOADING"): Promise<boolean> {
  const store = fileStore(db)
  try {
    await db.run([store.beginDeleting(id, from, now)])
    return (await store.byId(id))?.status === "DELETING"
  } catch (error) {
    log.warn("upload left to the sweep", { file: id, error: describeError(error) })
    return false
  }
}
