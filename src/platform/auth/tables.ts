import { index, integer, text } from "drizzle-orm/sqlite-core"
import { platformTable } from "../db/tables.ts"

/**
 * What stopped being valid and when: a user, a session, an organization, a role or an API key. Tokens issued
 * at or before `not_before` are refused. Rows outlive the tokens they concern by a little, then cron deletes them.
 */
export const revocations = platformTable(
  "revocations",
  {
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    subject: text("subject").notNull(),
    notBefore: integer("not_before").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (t) => [index("revocations_expires_at").on(t.expiresAt), index("revocations_subject").on(t.subject, t.notBefore)],
)
