import { conversationOfLink, kindOf } from "../../src/domains/chat/rules.ts"
import { complaints } from "../../src/domains/complaints/tables.ts"
import type { ComplaintId, ConversationId } from "../../src/kernel/ids.ts"
import type { TenantDb } from "../../src/platform/db/tenant-db.ts"

/**
 * Whether the complaint is the organization's, and the conversation one in which it can be talked about: its link's, since
 * nobody else's partner may learn its id, or one of colleagues.
 */
export async function isComplaintOf(db: TenantDb, id: ComplaintId, conversationId: ConversationId): Promise<boolean> {
  const row = await db.byId(complaints, id)
  if (row === undefined) return false
  return kindOf(conversationId) === "colleagues" || (row.linkId !== null && conversationOfLink(row.linkId) === conversationId)
}
