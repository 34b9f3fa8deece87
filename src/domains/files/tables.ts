import { and, eq, type SQL, sql } from "drizzle-orm"
import { index, integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { FileId, OrganizationId, UserId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { FilePurpose, FileStatus, FileSubject, SubjectKind } from "./rules.ts"

/** A file as one organization may see it: its owner's row, and one for each organization that it is shared with. */
export const files = tenantTable(
  "files",
  {
    id: text("id").$type<FileId>().notNull(),
    /** Who uploaded it, and in whose folder of the bucket it lies. */
    ownerId: text("owner_id").$type<OrganizationId>().notNull(),
    purpose: text("purpose").$type<FilePurpose>().notNull(),
    status: text("status").$type<FileStatus>().notNull(),
    name: text("name").notNull(),
    contentType: text("content_type").notNull(),
    /** While it is uploaded: what was set aside for it. */
    sizeBytes: integer("size_bytes").notNull(),
    /** Empty while it is uploaded. */
    sha256: text("sha256").notNull(),
    width: integer("width"),
    height: integer("height"),
    /** A user or an API key. */
    uploadedBy: text("uploaded_by").notNull(),
    subjectKind: text("subject_kind").$type<SubjectKind>(),
    subjectId: text("subject_id"),
    /** The users who alone may see it, where not everybody with the subject's permission may. */
    seenBy: text("seen_by", { mode: "json" }).$type<readonly UserId[]>(),
    /** When the sweep has to look at it; only an owner's row has one. */
    dueAt: integer("due_at"),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    index("files_due_at").on(t.dueAt).where(sql`due_at is not null`),
    index("files_of_products").on(t.id).where(sql`subject_kind = 'product'`),
  ],
)

/** INV-FIL-3: what an organization's own files take together, in bytes. */
export const fileUsage = tenantTable("file_usage", { bytes: integer("bytes").notNull() }, (t) => [primaryKey({ columns: [t.orgId] })])

export type FileRow = typeof files.$inferSelect

/** INV-FIL-4: a file belongs to one thing, and to the first that asks. The statements of whoever commits what refers to it. */
export const attach = (
  db: TenantDb,
  id: FileId,
  { kind, id: subjectId }: FileSubject,
  more: Pick<FileRow, "seenBy" | "dueAt">,
): Statement[] => [
  db.update(files, and(eq(files.id, id), eq(files.status, "READY")), { status: "ATTACHED", subjectKind: kind, subjectId, ...more }),
  guardChanged("VALIDATION_FAILED"),
]

/** Takes a file off its subject where `condition` holds: it belongs to nothing then, and the sweep takes it in its time. */
export const release = (db: TenantDb, id: FileId, { kind, id: subjectId }: FileSubject, dueAt: Instant, condition?: SQL): Statement =>
  db.update(
    files,
    and(eq(files.id, id), eq(files.status, "ATTACHED"), eq(files.subjectKind, kind), eq(files.subjectId, subjectId), condition),
    { status: "READY", subjectKind: null, subjectId: null, seenBy: null, dueAt },
  )

/** Another organization's row of the same file, as it is once it was attached. */
export const share = (db: TenantDb, id: FileId, withOrgId: OrganizationId): Statement =>
  db.statement(
    (orgId) => sql`
      insert into files (org_id, id, owner_id, purpose, status, name, content_type, size_bytes, sha256, width, height, uploaded_by, subject_kind, subject_id, created_at)
      select ${withOrgId}, id, owner_id, purpose, status, name, content_type, size_bytes, sha256, width, height, uploaded_by, subject_kind, subject_id, created_at
      from files where org_id = ${orgId} and id = ${id} and status = 'ATTACHED' on conflict (org_id, id) do nothing`,
  )

/** Takes the row back that another organization got of one's own file for a subject that never came to be. */
export const unshare = (db: TenantDb, id: FileId, { kind, id: subjectId }: FileSubject, withOrgId: OrganizationId): Statement =>
  db.statement(
    (orgId) =>
      sql`delete from files where org_id = ${withOrgId} and id = ${id} and owner_id = ${orgId} and subject_kind = ${kind} and subject_id = ${subjectId}`,
  )
