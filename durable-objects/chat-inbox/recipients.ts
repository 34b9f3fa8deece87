import { sql } from "drizzle-orm"
import { type ChatIdentity, conversationOfColleagues, conversationOfLink, type Pair } from "../../src/domains/chat/rules.ts"
import { users } from "../../src/domains/identity/tables.ts"
import { links } from "../../src/domains/partners/tables.ts"
import type { ConversationId, LinkId, UserId } from "../../src/kernel/ids.ts"
import type { TenantDb } from "../../src/platform/db/tenant-db.ts"

/** The conversation that a user's id selects, and where it is one of colleagues, whom it is opened for and whether the other is still there. */
type Found = { readonly conversationId: ConversationId; readonly pair: Pair | undefined; readonly isActive: boolean }

const statuses = ["APPROVED", "BLOCKED", "REMOVED", "PENDING", "REJECTED"] as const

/**
 * One trip: whose the user is, and the link with that organization. Undefined for a stranger as for nobody: whoever asks
 * must not learn which. Where two organizations supply each other, the approved link comes first, then the older one,
 * so that both sides choose the same.
 */
export async function findRecipient(db: TenantDb, by: ChatIdentity, recipientId: UserId): Promise<Found | undefined> {
  if (recipientId === by.userId) return undefined
  const [rows = []] = await db.query(
    (orgId) => sql`select u.org_id as org_id, u.full_name as full_name, u.is_active as is_active, l.id as link_id
      from ${users} u left join ${links} l on l.org_id = ${orgId} and l.side in ('supplier', 'buyer')
        and l.status in (${sql.join(
          statuses.map((status) => sql`${status}`),
          sql`, `,
        )}) and l.counterparty_id = u.org_id
      where u.id = ${recipientId} order by l.status <> 'APPROVED', l.id limit 1`,
  )
  const [row] = rows
  if (row === undefined) return undefined
  if (row["org_id"] === by.orgId) {
    const conversationId = await conversationOfColleagues(by.orgId, by.userId, recipientId)
    return {
      conversationId,
      isActive: row["is_active"] === 1,
      pair: [
        { id: by.userId, name: by.name },
        { id: recipientId, name: String(row["full_name"]) },
      ],
    }
  }
  const linkId = row["link_id"]
  return typeof linkId === "string" ? { conversationId: conversationOfLink(linkId as LinkId), pair: undefined, isActive: true } : undefined
}
