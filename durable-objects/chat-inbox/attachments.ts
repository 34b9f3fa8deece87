import type { Attachment, ChatIdentity } from "../../src/domains/chat/rules.ts"
import { type ConversationId, type FileId, isId, type MessageId, type OrganizationId } from "../../src/kernel/ids.ts"
import { type Result, refuse } from "../../src/kernel/result.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { TenantDb } from "../../src/platform/db/tenant-db.ts"

export type AttachToMessage = {
  readonly by: ChatIdentity
  readonly fileIds: readonly FileId[]
  readonly messageId: MessageId
  readonly conversationId: ConversationId
  /** The linked organization, which may see the files from then on; undefined among colleagues. */
  readonly sharedWith: OrganizationId | undefined
  readonly now: Instant
}

/**
 * Attaches files to a message, committed in D1 before the message is stored (INV-CHT-6). The files are the sender's
 * organization's, of the purpose chat_attachment, and the sender's own upload; what is attached to this very message
 * already is no fault, since the message may be a repeat.
 */
export async function attachToMessage(_db: TenantDb, _input: AttachToMessage): Promise<Result<readonly Attachment[]>> {
  return refuse("VALIDATION_FAILED", "attachment_ids: There is no such file of yours.")
}

const filePathPattern = /^\/api\/v1\/files\/(fil_[0-9a-z]+)(?:\/content)?$/

/** The file that a URL of ours names, or undefined: any other address would take the reader wherever its sender likes. */
export function fileOfUrl(url: string, origins: readonly string[]): FileId | undefined {
  const [base = "http://nowhere.invalid"] = origins
  if (!URL.canParse(url, base)) return undefined
  const { origin, pathname, username, password } = new URL(url, base)
  if ((origin !== base && !origins.includes(origin)) || username !== "" || password !== "") return undefined
  const id = filePathPattern.exec(pathname)?.[1]
  return id !== undefined && isId("fil", id) ? id : undefined
}
