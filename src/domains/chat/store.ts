import { eq, sql } from "drizzle-orm"
import type { CannedReplyId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { newestFirst } from "../../platform/db/by-id.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type CannedReplyRow, cannedReplies } from "./tables.ts"

export const cannedReplyStore = (db: TenantDb) => ({
  byId: (id: CannedReplyId): Promise<CannedReplyRow | undefined> => db.byId(cannedReplies, id),

  /** Newest first. */
  page: (page: { readonly after: CannedReplyId | undefined; readonly rowsMax: number }) => newestFirst(db, cannedReplies, page),

  insert: (row: Omit<CannedReplyRow, "orgId">): Statement[] => [
    db.insert(cannedReplies, row),
    guard(
      "CONFLICT",
      sql`(select count(*) from ${cannedReplies} where ${eq(cannedReplies.orgId, db.orgId)}) <= ${limits.cannedRepliesMax}`,
    ),
  ],

  delete: (id: CannedReplyId): Statement => db.delete(cannedReplies, eq(cannedReplies.id, id)),
})
