import type { UserId } from "../../kernel/ids.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { ConversationEntry } from "./conversations.ts"
import { linkOfConversation, messageView, placeholdersIn } from "./rules.ts"
import type { CannedReplyRow } from "./tables.ts"

export const toConversationView = ({ head, readSeq }: ConversationEntry, reader: UserId | null) => ({
  id: head.id,
  kind: head.kind,
  link_id: linkOfConversation(head.id) ?? null,
  counterpart: head.counterpart,
  may_send: head.maySend,
  last_seq: head.lastSeq,
  read_seq: readSeq,
  // INV-CHT-9: without a gap in seq, and with one's own messages read by sending, the difference is the count.
  unread_count: Math.max(0, head.lastSeq - readSeq),
  last_message: head.lastMessage === null ? null : messageView(head.lastMessage, reader),
  last_at: formatInstant(head.lastAt),
})

export const toCannedReplyView = (row: Omit<CannedReplyRow, "orgId">) => ({
  id: row.id,
  title: row.title,
  content: row.content,
  placeholders: placeholdersIn(row.content),
  created_by: row.createdBy,
  created_at: formatInstant(row.createdAt),
})
