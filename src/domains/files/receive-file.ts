import { newId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { minute } from "../../kernel/time.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import { putObject } from "../../platform/files/put-object.ts"
import { isDecodable, type Sniffed, sniff, textChecker } from "../../platform/files/sniff.ts"
import { uploadRooms } from "../../platform/files/upload-room.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import type { Chunks, Upload } from "../../platform/http/upload.ts"
import { abandonUpload } from "./remove-object.ts"
import { downloadName, type FilePurpose, objectKey, type PurposeRule, purposeRule } from "./rules.ts"
import { fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"

/** A file that lies in the bucket whole, its row still UPLOADING: whoever called commits what becomes of it, or abandons it. */
export type Received = { readonly row: FileRow; readonly sizeBytes: number; readonly sha256: string }

type Given = { readonly purpose: FilePurpose; readonly name: string | undefined; readonly upload: Upload }

/**
 * Takes a file in as it comes: looks at how it begins, sets room aside, lets it flow into the bucket. What is refused, or
 * breaks off, leaves nothing; it is seen to its end even when its client has hung up, so that there is somebody to clear up.
 * @throws RefusalError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, VALIDATION_FAILED, QUOTA_EXCEEDED; UNAVAILABLE where an
 * upload does not say its length and too many such are under way.
 */
export async function receiveFile(ctx: Ctx, given: Given): Promise<Received> {
  const rule = purposeRule(given.purpose, ctx.config.FILE_BYTES_MAX)
  if ((given.upload.length ?? 0) > rule.bytesMax) throw tooLarge(rule)
  const receiving = given.upload.length === undefined ? inRoom(ctx, given, rule) : store(ctx, given, rule)
  ctx.defer(receiving.catch(() => undefined))
  return receiving
}

/** What does not say its length goes to the bucket in parts, each of which is held: only so many at once. */
async function inRoom(ctx: Ctx, given: Given, rule: PurposeRule): Promise<Received> {
  const { upload } = given
  const room = uploadRooms.take(Math.min(upload.lengthMax ?? limits.filePartBytes, limits.filePartBytes), () => upload.readAt)
  try {
    return await store(ctx, given, rule)
  } finally {
    uploadRooms.leave(room)
  }
}

async function store(ctx: Ctx, { purpose, name, upload }: Given, rule: PurposeRule): Promise<Received> {
  const { head, isWhole } = await readHead(upload)
  const { contentType, width, height } = typeOf(head, isWhole, rule)
  const row: FileRow = {
    orgId: ctx.orgId,
    id: newId("fil", ctx.now),
    ownerId: ctx.orgId,
    purpose,
    status: "UPLOADING",
    name: name ?? downloadName(purpose, contentType),
    contentType,
    sizeBytes: isWhole ? head.byteLength : (upload.length ?? Math.min(rule.bytesMax, upload.lengthMax ?? rule.bytesMax)),
    sha256: "",
    width,
    height,
    uploadedBy: ctx.actor.id,
    subjectKind: null,
    subjectId: null,
    seenBy: null,
    dueAt: ctx.now + limits.fileUploadMinutes * minute,
    createdAt: ctx.now,
  }
  await new UnitOfWork(ctx.now, ctx.origin).add(...fileStore(ctx.db).reserve(row, ctx.config.FILE_QUOTA_BYTES)).commit(ctx.db)
  try {
    const length = isWhole ? head.byteLength : upload.length
    await putObject(ctx.env.FILES, objectKey(row), flowOf({ head, isWhole }, upload, row, rule), length, contentType)
    return { row, sizeBytes: upload.bytesRead, sha256: await upload.finish() }
  } catch (error) {
    await abandonUpload(ctx, row)
    throw error
  }
}

const tooLarge = ({ bytesMax }: PurposeRule): RefusalError =>
  new RefusalError({ code: "PAYLOAD_TOO_LARGE", detail: `A file for this purpose has at most ${bytesMax} bytes.` })

type Head = { readonly head: Uint8Array; readonly isWhole: boolean }

/** As much of the beginning as tells what it is, at most `fileHeadBytesMax` and one piece. */
async function readHead(upload: Upload): Promise<Head> {
  let head = new Uint8Array(0)
  let looksAt = 1
  for (;;) {
    const chunk = await upload.read()
    if (chunk === undefined) return { head, isWhole: true }
    const longer = new Uint8Array(head.byteLength + chunk.byteLength)
    longer.set(head)
    longer.set(chunk, head.byteLength)
    head = longer
    // Looked at again at twice the length, so that a header that hides costs twice its length to find and no more.
    if (head.byteLength < looksAt) continue
    if (sniff(head, false) !== "MORE") return { head, isWhole: false }
    looksAt = Math.min(head.byteLength * 2, limits.fileHeadBytesMax)
  }
}

function typeOf(head: Uint8Array, isWhole: boolean, rule: PurposeRule): Sniffed {
  if (head.byteLength === 0) throw invalidAt("", "The file is empty.", "EMPTY")
  const found = sniff(head, isWhole)
  const contentType =
    found === undefined || found === "MORE" ? undefined : found.contentType === "text/plain" ? rule.textIs : found.contentType
  if (found === undefined || found === "MORE" || contentType === undefined || !rule.types.includes(contentType)) {
    throw new RefusalError({ code: "UNSUPPORTED_MEDIA_TYPE", detail: `By its content the file is none of ${rule.types.join(", ")}.` })
  }
  const { width, height } = found
  if (width !== null && height !== null && !isDecodable(width, height)) {
    throw invalidAt("", `The image is ${width} by ${height} pixels; at most ${limits.imagePixelsMax} in all are taken.`, "TOO_MANY_PIXELS")
  }
  return { contentType, width, height }
}

/** The head again, then the rest as it comes; text is checked to its last byte, and the size all along. */
function flowOf({ head, isWhole }: Head, upload: Upload, { contentType }: FileRow, rule: PurposeRule): Chunks {
  const check = contentType.startsWith("text/") ? textChecker() : undefined
  let isHeadGiven = false
  const checked = (chunk: Uint8Array, isLast: boolean): void => {
    try {
      check?.(chunk, isLast)
    } catch {
      throw new RefusalError({ code: "UNSUPPORTED_MEDIA_TYPE", detail: "The file is not text in UTF-8 throughout." })
    }
  }
  return async () => {
    const chunk = isHeadGiven ? await upload.read() : head
    isHeadGiven = true
    if (upload.bytesRead > rule.bytesMax) throw tooLarge(rule)
    checked(chunk ?? new Uint8Array(0), chunk === undefined || isWhole)
    return chunk
  }
}
