import { and, eq } from "drizzle-orm"
import { toHex } from "../../kernel/digest.ts"
import type { FileId, OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { day, type Instant } from "../../kernel/time.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type Bindings, configOf } from "../../platform/env.ts"
import { putObject } from "../../platform/files/put-object.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt, parseInput } from "../../platform/http/input.ts"
import type { Chunks, Upload } from "../../platform/http/upload.ts"
import { receiveFile } from "./receive-file.ts"
import { abandonUpload } from "./remove-object.ts"
import { objectKey } from "./rules.ts"
import { imageFacts } from "./schemas.ts"
import { fileStore } from "./store.ts"
import { type FileRow, files } from "./tables.ts"
import { settle } from "./upload-file.ts"

type Place = { readonly orgId: OrganizationId; readonly id: FileId }

const keyOf = ({ orgId, id }: Place): string => objectKey({ ownerId: orgId, purpose: "import", id })

/** A file's bytes from here on, of one that was uploaded to be imported; undefined where it is gone. */
export async function readImportFile(
  env: Pick<Bindings, "FILES">,
  place: Place,
  offset: number,
  length?: number,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const found = await env.FILES.get(keyOf(place), { range: length === undefined ? { offset } : { offset, length } })
  return found === null ? undefined : found.body
}

/**
 * The file of an import: it comes with the request, or was uploaded before by whoever asks. It belongs to nothing but its
 * uploader, who may get it for some days and delete it. `check` is given its beginning, and throws where it is no file of the kind.
 * @throws RefusalError as `receiveFile` does, VALIDATION_FAILED for a `file_id` that is none of theirs.
 */
export async function takeImportFile(
  ctx: Ctx,
  given: Upload | FileId,
  name: string | undefined,
  check: (head: ReadableStream<Uint8Array>) => Promise<void>,
): Promise<FileRow> {
  const keptUntil = ctx.now + limits.importFileDaysKept * day
  const checked = async (id: FileId) => {
    const head = await readImportFile(ctx.env, { orgId: ctx.orgId, id }, 0, limits.importRecordBytesMax)
    if (head === undefined) throw unknownFile()
    await check(head)
  }
  if (typeof given === "string") {
    const row = await fileStore(ctx.db).byId(given)
    if (row === undefined || row.ownerId !== ctx.orgId || row.uploadedBy !== ctx.actor.id || row.status !== "READY") throw unknownFile()
    if (row.purpose !== "import") throw invalidAt("/file_id", `The file was uploaded as ${row.purpose}, not as import.`, "WRONG_PURPOSE")
    await checked(given)
    ctx.work.add(
      ctx.db.update(files, and(eq(files.id, given), eq(files.status, "READY")), { dueAt: keptUntil }),
      guardChanged("VALIDATION_FAILED"),
    )
    return row
  }
  const facts = parseInput("query", imageFacts, { name, ...given.fields }) as { name?: string }
  const received = await receiveFile(ctx, { purpose: "import", name: facts.name, upload: given })
  try {
    await checked(received.row.id)
  } catch (error) {
    await abandonUpload(ctx, received.row)
    throw error
  }
  return settle(ctx, ctx.work, received, undefined, keptUntil)
}

const unknownFile = () => invalidAt("/file_id", "There is no such file of yours.", "UNKNOWN_FILE")

type Written = Place & { readonly name: string; readonly uploadedBy: string; readonly now: Instant }

/**
 * Writes a CSV file in somebody's name, whom it belongs to from then on; @returns the statements that make it known. Written
 * anew under the same id it replaces itself. INV-FIL-3: what it takes counts: where there is no room for it the statements are
 * refused with QUOTA_EXCEEDED, and whoever wrote it takes it away again.
 */
export async function writeImportFile(
  env: Bindings,
  db: TenantDb,
  { name, uploadedBy, now, ...place }: Written,
  next: Chunks,
): Promise<Statement[]> {
  let sizeBytes = 0
  const digest = new crypto.DigestStream("SHA-256")
  const hasher = digest.getWriter()
  const counted: Chunks = async () => {
    const chunk = await next()
    if (chunk === undefined) return undefined
    sizeBytes += chunk.byteLength
    await hasher.write(chunk)
    return chunk
  }
  await putObject(env.FILES, keyOf(place), counted, undefined, "text/csv")
  await hasher.close()
  const sha256 = toHex(new Uint8Array(await digest.digest))
  const row = {
    id: place.id,
    ownerId: place.orgId,
    purpose: "import",
    status: "READY",
    name,
    contentType: "text/csv",
    sizeBytes,
    sha256,
    width: null,
    height: null,
    uploadedBy,
    subjectKind: null,
    subjectId: null,
    seenBy: null,
    dueAt: now + limits.importFileDaysKept * day,
    createdAt: now,
  } as const
  return fileStore(db).reserve(row, configOf(env).FILE_QUOTA_BYTES)
}

/** Takes away what was written and never made known. */
export const dropImportFile = (env: Pick<Bindings, "FILES">, place: Place): Promise<void> => env.FILES.delete(keyOf(place))
