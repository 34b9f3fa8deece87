import { integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import type { CannedReplyId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"

/** Texts that an organization's people send again and again, with placeholders that the writer fills in. */
export const cannedReplies = tenantTable(
  "canned_replies",
  {
    id: text("id").$type<CannedReplyId>().notNull(),
    title: text("title").notNull(),
    content: text("content").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] })],
)

export type CannedReplyRow = typeof cannedReplies.$inferSelect
