import { inArray } from "drizzle-orm"
import type { Attachment, ChatIdentity } from "../../src/domains/chat/rules.ts"
import { whyNotAttach } from "../../src/domains/files/rules.ts"
import { attach, files, share } from "../../src/domains/files/tables.ts"
import { type FileId, isId, type MessageId } from "../../src/kernel/ids.ts"
import { ok, type Result, refuse } from "../../src/kernel/result.ts"
import { guardCode } from "../../src/platform/db/guards.ts"
import type { TenantDb } from "../../src/platform/db/tenant-db.ts"
import type { Readers } from "../chat-room/client.ts"

/**
 * Attaches files to a message, committed in D1 before the message is stored (INV-CHT-6). The files are the sender's
 * organization's, of the purpose chat_attachment, and the sender's own upload; what is attached to this very message
 * already is no fault, since the message may be a repeat. From then on whoever reads the conversation may see them.
 */
export async function attachToMessage(
  db: TenantDb,
  by: ChatIdentity,
  fileIds: readonly FileId[],
  messageId: MessageId,
  { users, partnerId }: Readers,
): Promise<Result<readonly Attachment[]>> {
  const rows = new Map((await db.many(files, { where: inArray(files.id, [...fileIds]) })).map((row) => [row.id, row]))
  const subject = { kind: "message", id: messageId } as const
  const attachments: Attachment[] = []
  const statements = []
  for (const id of fileIds) {
    const row = rows.get(id)
    const fault = whyNotAttach(by.userId, by.orgId, row, "chat_attachment", subject)
    if (row === undefined || fault !== undefined) return refuse("VALIDATION_FAILED", `attachment_ids: ${fault?.message ?? ""} (${id})`)
    attachments.push({ fileId: id, name: row.name, contentType: row.contentType })
    if (row.status === "READY") statements.push(...attach(db, id, subject, { seenBy: users, dueAt: null }))
    if (partnerId !== null) statements.push(share(db, id, partnerId))
  }
  try {
    await db.run(statements)
  } catch (error) {
    // Two messages at once with one file: the second finds it taken.
    if (guardCode(error instanceof Error ? error.message : "") === undefined) throw error
    return refuse("VALIDATION_FAILED", "attachment_ids: A file belongs to another message already.")
  }
  return ok(attachments)
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
