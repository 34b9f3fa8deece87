import { create as contentDisposition } from "content-disposition"
import { RefusalError } from "../../kernel/result.ts"
import { second } from "../../kernel/time.ts"
import { type ThumbnailWidth, thumbnail, thumbnailType } from "../../platform/files/thumbnail.ts"
import type { Ctx, SignedCtx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { rangeOf } from "../../platform/http/range.ts"
import { matchesIfNoneMatch } from "../../platform/http/reply.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { downloadName, hasThumbnails, isImage, objectKey } from "./rules.ts"
import type { FileRow } from "./tables.ts"

const etagDigits = 32

/** A file's bytes, as they lie in the bucket: the whole, a range, a small copy, or word that the reader has them. @throws RefusalError. */
export async function serveFile(
  ctx: Ctx | SignedCtx,
  row: FileRow,
  { width, expires }: { readonly width?: ThumbnailWidth | undefined; readonly expires?: string | undefined },
): Promise<Response> {
  assertHasThumbnails(row, width)
  const small = width !== undefined && hasThumbnails(row.contentType) ? width : undefined
  const etag = `"${row.sha256.slice(0, etagDigits)}${small === undefined ? "" : `-${small}`}"`
  const headers = { ...headersOf(row, etag, small !== undefined), "cache-control": cacheControl(ctx, expires) }
  const ifNoneMatch = ctx.headers.get("if-none-match")
  if (ifNoneMatch !== null && matchesIfNoneMatch(ifNoneMatch, etag)) return new Response(null, { status: 304, headers })
  return small === undefined ? serveBytes(ctx, row, etag, headers) : serveThumbnail(ctx, row, small, headers)
}

/** @throws RefusalError VALIDATION_FAILED for a thumbnail of what is no image. */
export function assertHasThumbnails({ contentType }: FileRow, width: ThumbnailWidth | undefined): void {
  if (width !== undefined && !isImage(contentType)) throw invalidAt("/query/width", "Only images have thumbnails.", "NO_IMAGE")
}

/** A signed URL is good until it ends, whoever holds it. By token it is asked each time whether one still may. */
const cacheControl = ({ actor, now }: Ctx | SignedCtx, expires: string | undefined): string =>
  actor === undefined ? `private, max-age=${Math.max(0, Math.floor(Number(expires) - now / second))}, immutable` : "private, no-cache"

function headersOf(row: FileRow, etag: string, isThumbnail: boolean): Record<string, string> {
  const contentType = isThumbnail ? thumbnailType : row.contentType
  const name = isThumbnail ? `${row.name}.webp` : downloadName(row.name, row.contentType)
  return {
    etag,
    "content-type": contentType.startsWith("text/") ? `${contentType}; charset=utf-8` : contentType,
    // Images are shown where they stand; whatever else somebody brought is for saving.
    "content-disposition": contentDisposition(name, { type: isImage(contentType) ? "inline" : "attachment" }),
    "x-content-type-options": "nosniff",
    ...(isThumbnail ? {} : { "accept-ranges": "bytes" }),
  }
}

async function serveBytes(ctx: Ctx | SignedCtx, row: FileRow, etag: string, headers: Record<string, string>): Promise<Response> {
  const ifRange = ctx.headers.get("if-range")
  const range = ifRange === null || ifRange === etag ? rangeOf(ctx.headers.get("range"), row.sizeBytes) : undefined
  if (range === "UNSATISFIABLE") {
    throw new RefusalError({
      code: "RANGE_NOT_SATISFIABLE",
      detail: `The file has ${row.sizeBytes} bytes.`,
      extra: { headers: { "content-range": `bytes */${row.sizeBytes}` } },
    })
  }
  const object = await ctx.env.FILES.get(objectKey(row), range === undefined ? {} : { range })
  if (object === null) throw missing(row)
  if (range === undefined) return new Response(object.body, { headers: { ...headers, "content-length": String(row.sizeBytes) } })
  const { offset, length } = range
  const contentRange = `bytes ${offset}-${offset + length - 1}/${row.sizeBytes}`
  return new Response(object.body, {
    status: 206,
    headers: { ...headers, "content-length": String(length), "content-range": contentRange },
  })
}

async function serveThumbnail(
  ctx: Ctx | SignedCtx,
  row: FileRow,
  width: ThumbnailWidth,
  headers: Record<string, string>,
): Promise<Response> {
  const bytes = await thumbnail(ctx.env, objectKey(row), width).catch((error: unknown) => {
    log.warn("no thumbnail", { file: row.id, error: describeError(error) })
    throw invalidAt("/query/width", "The image cannot be decoded, so there is no thumbnail of it.", "UNDECODABLE")
  })
  if (bytes === undefined) throw missing(row)
  return new Response(bytes, { headers })
}

function missing(row: FileRow): RefusalError {
  log.error("a file's object is missing", { file: row.id, organization: row.ownerId })
  return new RefusalError({ code: "NOT_FOUND", detail: "The file's content is gone." })
}
