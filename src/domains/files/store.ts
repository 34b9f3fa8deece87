import { and, eq, inArray, type SQL, sql } from "drizzle-orm"
import type { FileId, OrganizationId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard, guardChanged } from "../../platform/db/guards.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { FileStatus, FileSubject } from "./rules.ts"
import { attach, type FileRow, files, release, share } from "./tables.ts"

type NewFile = Omit<FileRow, "orgId">

/** Adds to what the organization's files take. */
const addBytes = (db: TenantDb, bytes: number): Statement =>
  db.statement(
    (orgId) =>
      sql`insert into file_usage (org_id, bytes) values (${orgId}, ${bytes}) on conflict (org_id) do update set bytes = bytes + excluded.bytes`,
  )

/** A claim that settles what becomes of an attached file, by its `due_at`; undefined where another was open already, or there is nothing to claim. */
export type Claim = Instant | undefined

const isOf = ({ kind, id }: FileSubject): SQL => sql`(status = 'ATTACHED' and subject_kind = ${kind} and subject_id = ${id})`

const isClaimed = (id: FileId, claimed: Instant) => and(eq(files.id, id), eq(files.status, "ATTACHED"), eq(files.dueAt, claimed))

/** Each claim differs from the one before, so that whoever made that one sees it. */
async function claim(
  db: TenantDb,
  id: FileId,
  { kind, id: subjectId }: FileSubject,
  is: SQL,
  until: Instant,
  guards: readonly Statement[],
): Promise<Claim> {
  const dueAt = sql`select status, due_at from files where org_id = ${db.orgId} and id = ${id} and (${is})`
  const results = await db.run([
    db.statement(() => dueAt),
    db.statement(
      (orgId) => sql`
        update files set status = 'ATTACHED', subject_kind = ${kind}, subject_id = ${subjectId}, seen_by = null,
          due_at = iif(status = 'ATTACHED', max(coalesce(due_at, 0) + 1, ${until}), ${until})
        where org_id = ${orgId} and id = ${id} and (${is})`,
    ),
    ...guards,
    db.statement(() => dueAt),
  ])
  const before = results[0]?.[0]
  const after = results.at(-1)?.[0]
  const isOnly = before !== undefined && (before["status"] === "READY" || before["due_at"] === null)
  return isOnly && typeof after?.["due_at"] === "number" ? after["due_at"] : undefined
}

export const fileStore = (db: TenantDb) => ({
  byId: (id: FileId): Promise<FileRow | undefined> => db.byId(files, id),

  byIds: (ids: readonly FileId[]): Promise<FileRow[]> =>
    ids.length === 0 ? Promise.resolve([]) : db.many(files, { where: inArray(files.id, [...ids]) }),

  /** The organization's own row, or that of an image on an active product of a supplier with an approved link. */
  async visible(id: FileId): Promise<FileRow | undefined> {
    const [[row] = []] = await db.query(
      (orgId) => sql`
        select f.* from files f where f.org_id = ${orgId} and f.id = ${id}
        union all
        select f.* from files f indexed by files_of_products
        join links l indexed by links_partner on l.org_id = ${orgId} and l.side = 'buyer' and l.status = 'APPROVED' and l.counterparty_id = f.org_id
        join products p on p.org_id = f.org_id and p.id = f.subject_id and p.is_active = 1
        where f.id = ${id} and f.subject_kind = 'product' and instr(p.images, f.id) > 0
        limit 1`,
    )
    return row === undefined ? undefined : decodeRow(files, row)
  },

  /** INV-FIL-3: takes room for a file, which is refused where the organization has too little left. */
  reserve: (row: NewFile, quotaBytes: number): Statement[] => [
    addBytes(db, row.sizeBytes),
    guard("QUOTA_EXCEEDED", sql`(select bytes from file_usage where org_id = ${db.orgId}) <= ${quotaBytes}`),
    db.insert(files, row),
  ],

  /** The upload came to its end: what was set aside becomes what it takes. */
  settle: (
    { id, sizeBytes: reserved }: Pick<FileRow, "id" | "sizeBytes">,
    facts: Pick<FileRow, "status" | "sizeBytes" | "sha256" | "subjectKind" | "subjectId" | "dueAt">,
  ): Statement[] => [
    db.update(files, and(eq(files.id, id), eq(files.status, "UPLOADING")), facts),
    guardChanged("UNAVAILABLE"),
    addBytes(db, facts.sizeBytes - reserved),
  ],

  attach: (id: FileId, subject: FileSubject, more: Pick<FileRow, "seenBy" | "dueAt">): Statement[] => attach(db, id, subject, more),

  share: (id: FileId, withOrgId: OrganizationId): Statement => share(db, id, withOrgId),

  release: (id: FileId, subject: FileSubject, dueAt: Instant, condition?: SQL): Statement => release(db, id, subject, dueAt, condition),

  /** Attaches a file that is READY or the subject's already. INV-FIL-4. */
  claimToShow: (id: FileId, subject: FileSubject, until: Instant): Promise<Claim> =>
    claim(db, id, subject, sql`status = 'READY' or ${isOf(subject)}`, until, [guardChanged("VALIDATION_FAILED")]),

  /** Claims a file that is the subject's; what is not is nobody's claim. */
  claimShown: (id: FileId, subject: FileSubject, until: Instant): Promise<Claim> => claim(db, id, subject, isOf(subject), until, []),

  /** The subject shows it: there is nothing for the sweep to look at. */
  confirm: (id: FileId, claimed: Instant): Statement => db.update(files, isClaimed(id, claimed), { dueAt: null }),

  /** Takes a file off its subject: it belongs to nothing then, and the sweep takes it in its time. */
  releaseClaimed: (id: FileId, claimed: Instant, dueAt: Instant): Statement =>
    db.update(files, isClaimed(id, claimed), { status: "READY", subjectKind: null, subjectId: null, seenBy: null, dueAt }),

  /** Leaves a claim to a later look. */
  postpone: (id: FileId, claimed: Instant, dueAt: Instant): Statement => db.update(files, isClaimed(id, claimed), { dueAt }),

  beginDeletingClaimed: (id: FileId, claimed: Instant, now: Instant): Statement =>
    db.update(files, isClaimed(id, claimed), { status: "DELETING", dueAt: now }),

  /** First the row, then the object: from here on nobody sees it, and the sweep ends what stops in between. */
  beginDeleting: (id: FileId, from: FileStatus, now: Instant): Statement =>
    db.update(files, and(eq(files.id, id), eq(files.status, from)), { status: "DELETING", dueAt: now }),

  /** The objects are gone: so go the row and what it took. Doing it twice does it once. */
  endDeleting: (id: FileId): Statement[] => [
    db.statement(
      (orgId) =>
        sql`update file_usage set bytes = bytes - coalesce((select size_bytes from files where org_id = ${orgId} and id = ${id} and status = 'DELETING'), 0) where org_id = ${orgId}`,
    ),
    db.delete(files, and(eq(files.id, id), eq(files.status, "DELETING"))),
  ],
})
