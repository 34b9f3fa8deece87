import type { Flow } from "../../kernel/flow.ts"
import type { FileId, OrganizationId, UserId } from "../../kernel/ids.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { ContentType } from "../../platform/files/sniff.ts"

const MiB = 1_048_576
const photos = ["image/png", "image/jpeg", "image/webp"] as const satisfies readonly ContentType[]
const documents = [...photos, "image/gif", "application/pdf", "text/plain"] as const satisfies readonly ContentType[]

export type PurposeRule = {
  readonly bytesMax: number
  readonly types: readonly ContentType[]
  /** What text is here: nothing in text tells a table from prose. */
  readonly textIs: "text/plain" | "text/csv"
}

/** What each purpose takes; the size at most `FILE_BYTES_MAX`. */
const purposeRules = {
  product_image: { bytesMax: 10 * MiB, types: [...photos, "image/gif"], textIs: "text/plain" },
  chat_attachment: { bytesMax: 25 * MiB, types: documents, textIs: "text/plain" },
  complaint_evidence: { bytesMax: 25 * MiB, types: documents, textIs: "text/plain" },
  kyb_document: { bytesMax: 25 * MiB, types: [...photos, "application/pdf"], textIs: "text/plain" },
  visit_photo: { bytesMax: 10 * MiB, types: photos, textIs: "text/plain" },
  infographic: { bytesMax: 10 * MiB, types: [...photos, "application/pdf"], textIs: "text/plain" },
  import: { bytesMax: 25 * MiB, types: ["text/csv"], textIs: "text/csv" },
} as const satisfies Record<string, PurposeRule>

export type FilePurpose = keyof typeof purposeRules
export const filePurposes = Object.keys(purposeRules) as [FilePurpose, ...FilePurpose[]]

export const purposeRule = (purpose: FilePurpose, ceiling: number): PurposeRule => {
  const rule: PurposeRule = purposeRules[purpose]
  return { ...rule, bytesMax: Math.min(rule.bytesMax, ceiling) }
}

const fileStatuses = ["UPLOADING", "READY", "ATTACHED", "DELETING"] as const
export type FileStatus = (typeof fileStatuses)[number]

/** READY belongs to nothing yet, or no longer; DELETING ends with the row itself. */
export const fileFlow = {
  UPLOADING: ["READY", "ATTACHED", "DELETING"],
  READY: ["ATTACHED", "DELETING"],
  ATTACHED: ["READY", "DELETING"],
  DELETING: [],
} as const satisfies Flow<FileStatus>

export type SubjectKind = "product" | "message" | "complaint" | "organization"

/** What a file can belong to. */
export type FileSubject = { readonly kind: SubjectKind; readonly id: string }

type Seen = {
  readonly status: FileStatus
  readonly subjectKind: SubjectKind | null
  readonly uploadedBy: string
  readonly seenBy: readonly UserId[] | null
}
type Viewer = { readonly id: string; readonly permissions: ReadonlySet<Permission> }

/** Any of these lets one see what belongs to the subject, of one's own organization's row. */
const permissionsFor = {
  product: ["catalog.product.read"],
  message: ["chat.message.read"],
  complaint: ["complaints.complaint.read"],
  organization: ["organizations.kyb.submit", "platform.kyb.decide"],
} as const satisfies Record<SubjectKind, readonly Permission[]>

/** INV-FIL-1: who may see a file follows from what it belongs to; while it belongs to nothing, its uploader alone. */
export function maySee({ id, permissions }: Viewer, { status, subjectKind, uploadedBy, seenBy }: Seen): boolean {
  if (status === "READY" || subjectKind === null) return status === "READY" && uploadedBy === id
  if (status !== "ATTACHED") return false
  if (seenBy !== null && !seenBy.some((userId) => userId === id)) return false
  return permissionsFor[subjectKind].some((permission) => permissions.has(permission))
}

type Attachable = Seen & { readonly ownerId: OrganizationId; readonly purpose: FilePurpose; readonly subjectId: string | null }
type AttachFault = { readonly code: string; readonly message: string }

const unknownFile: AttachFault = { code: "UNKNOWN_FILE", message: "There is no such file of yours." }

/** INV-FIL-4: why somebody cannot attach a file to this, if so. What is there already is no fault: the request may be a repeat. */
export function whyNotAttach(
  actorId: string,
  orgId: OrganizationId,
  file: Attachable | undefined,
  purpose: FilePurpose,
  { kind, id }: FileSubject,
): AttachFault | undefined {
  if (file === undefined || file.ownerId !== orgId) return unknownFile
  const isHere = file.status === "ATTACHED" && file.subjectKind === kind && file.subjectId === id
  if (isHere && file.purpose === purpose) return undefined
  if (file.uploadedBy !== actorId || file.status === "UPLOADING" || file.status === "DELETING") return unknownFile
  if (file.purpose !== purpose) return { code: "WRONG_PURPOSE", message: `The file was uploaded as ${file.purpose}, not as ${purpose}.` }
  return file.status === "READY" ? undefined : { code: "ATTACHED", message: "The file belongs to something else already." }
}

/** INV-FIL-2: who may delete it: its uploader, or whoever manages files. */
export const mayDelete = ({ id, permissions }: Viewer, uploadedBy: string): boolean =>
  uploadedBy === id ? permissions.has("files.file.upload") || permissions.has("files.file.manage") : permissions.has("files.file.manage")

/** Where a file lies: nothing that somebody types is ever part of a key. */
export const objectKey = ({ ownerId, purpose, id }: { ownerId: OrganizationId; purpose: FilePurpose; id: FileId }): string =>
  `${ownerId}/${purpose}/${id}`

const extensions: Readonly<Record<string, readonly string[]>> = {
  "image/png": ["png"],
  "image/jpeg": ["jpg", "jpeg"],
  "image/webp": ["webp"],
  "image/gif": ["gif"],
  "application/pdf": ["pdf"],
  "text/csv": ["csv"],
  "text/plain": ["txt", "text", "log", "md"],
}

/** The name to save a file under: with an ending that its type has, whatever its uploader called it. */
export function downloadName(name: string, contentType: string): string {
  const known = extensions[contentType] ?? []
  const [usual] = known
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ""
  return usual === undefined || known.includes(ending) ? name : `${name}.${usual}`
}

export const isImage = (contentType: string): boolean => contentType.startsWith("image/")

/**
 * Small copies are made of these. Not of a GIF: its frames may be larger than its header says, so that no header bounds what
 * decoding it takes; it is served as it is.
 */
export const hasThumbnails = (contentType: string): boolean => isImage(contentType) && contentType !== "image/gif"
