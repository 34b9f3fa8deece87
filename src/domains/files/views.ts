import type { FileId, OrganizationId } from "../../kernel/ids.ts"
import { formatInstant, second } from "../../kernel/time.ts"
import type { ThumbnailWidth } from "../../platform/files/thumbnail.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { type SignedUrl, signedUrlExpiry, signUrl } from "../../platform/http/signed-url.ts"
import type { FileView } from "./schemas.ts"
import type { FileRow } from "./tables.ts"

type Signing = Pick<Ctx, "config" | "publicUrl" | "now">

const contentPath = (id: FileId): string => `/api/v1/files/${id}/content`

/** A URL that shows the file for a quarter of an hour or two, to whoever has it. `orgId` is the organization whose row lets it be seen. */
export const signFileUrl = (signing: Signing, orgId: OrganizationId, id: FileId, width?: ThumbnailWidth): Promise<SignedUrl> =>
  signUrl(signing, contentPath(id), orgId, width === undefined ? {} : { width: String(width) })

/** Changes whenever URLs signed now differ from those signed before. */
export const urlGeneration = (signing: Signing): number => signedUrlExpiry(signing.now) / second

export async function toFileView(signing: Signing, row: FileRow, width?: ThumbnailWidth): Promise<FileView> {
  const { url, expiresAt } = await signFileUrl(signing, row.orgId, row.id, width)
  return {
    id: row.id,
    purpose: row.purpose,
    name: row.name,
    content_type: row.contentType,
    size_bytes: row.sizeBytes,
    sha256: row.sha256,
    url,
    url_expires_at: formatInstant(expiresAt),
    created_at: formatInstant(row.createdAt),
  }
}

/** A file never changes; what is shown of it changes with its URL. */
export const fileEtag = (signing: Signing, width = 0): string => etagOf(1, `${urlGeneration(signing)}${width}`)
