import { limits } from "../../kernel/limits.ts"
import { hour } from "../../kernel/time.ts"
import type { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { Upload } from "../../platform/http/upload.ts"
import { type Received, receiveFile } from "./receive-file.ts"
import { abandonUpload } from "./remove-object.ts"
import type { FilePurpose, FileSubject } from "./rules.ts"
import { fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"

/** Takes a file in. It belongs to nothing yet, and is swept after a day if that stays so. @throws RefusalError as `receiveFile` does. */
export async function uploadFile(
  ctx: Ctx,
  given: { readonly purpose: FilePurpose; readonly name: string | undefined; readonly upload: Upload },
): Promise<FileRow> {
  const received = await receiveFile(ctx, given)
  return settle(ctx, ctx.work, received, undefined, ctx.now + limits.fileUnattachedHours * hour)
}

/** What ends an upload, in one unit of work with whatever the file is for; where that fails the file goes too. */
export function settle(
  ctx: Ctx,
  work: UnitOfWork,
  { row, sizeBytes, sha256 }: Received,
  subject: FileSubject | undefined,
  dueAt: number,
): FileRow {
  const facts = {
    status: subject === undefined ? "READY" : "ATTACHED",
    sizeBytes,
    sha256,
    subjectKind: subject?.kind ?? null,
    subjectId: subject?.id ?? null,
    dueAt,
  } as const
  work
    .add(...fileStore(ctx.db).settle(row, facts))
    .ifFailed(() => abandonUpload(ctx, row))
    .audit(ctx.db, {
      action: "files.file.upload",
      entity: "file",
      entityId: row.id,
      after: { purpose: row.purpose, name: row.name, content_type: row.contentType, size_bytes: sizeBytes, sha256 },
    })
  return { ...row, ...facts }
}
