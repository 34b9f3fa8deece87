import type { FileId, OrganizationId, UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { InputFault } from "../../kernel/result.ts"
import type { Statement } from "../../platform/db/executor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalid } from "../../platform/http/input.ts"
import { type FilePurpose, type FileSubject, whyNotAttach } from "./rules.ts"
import { fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"

type AttachTo = {
  readonly purpose: FilePurpose
  readonly subject: FileSubject
  /** Other organizations that may see the files from then on: each gets a row of its own. */
  readonly sharedWith?: readonly OrganizationId[]
  /** The users of the own organization who alone may see them, where the subject's permission is not enough to. */
  readonly seenBy?: readonly UserId[]
  /** Where the ids stand in the body, as a JSON pointer to their list. */
  readonly pointer: string
}

/**
 * INV-FIL-4: the statements that attach files to what refers to them, to be committed with it. Each must have been
 * uploaded by this actor for this purpose, and belong to nothing yet; or to this very subject already, when the request is
 * a repeat. One trip. @throws RefusalError VALIDATION_FAILED with a pointer to each file that cannot be.
 */
export async function attachFiles(ctx: Ctx, ids: readonly FileId[], to: AttachTo): Promise<readonly Statement[]> {
  const store = fileStore(ctx.db)
  const rows = await attachable(ctx, ids, to, (index) => `${to.pointer}/${index}`)
  return rows.flatMap((row) => [
    ...(row.status === "READY" ? store.attach(row.id, to.subject, { seenBy: to.seenBy ?? null, dueAt: null }) : []),
    ...(to.sharedWith ?? []).filter((orgId) => orgId !== ctx.orgId).map((orgId) => store.share(row.id, orgId)),
  ])
}

export async function attachable(
  ctx: Ctx,
  ids: readonly FileId[],
  { purpose, subject, pointer }: AttachTo,
  pointerTo: (index: number) => string,
): Promise<FileRow[]> {
  if (ids.length > limits.filesAttachedMax) {
    throw invalid([{ pointer, code: "TOO_BIG", message: `At most ${limits.filesAttachedMax} files.` }])
  }
  const found = new Map((await fileStore(ctx.db).byIds(ids)).map((row) => [row.id, row]))
  const faults: InputFault[] = []
  const rows = ids.flatMap((id, index): FileRow[] => {
    const row = found.get(id)
    const fault = ids.indexOf(id) < index ? twice : whyNotAttach(ctx.actor.id, ctx.orgId, row, purpose, subject)
    if (fault !== undefined) faults.push({ pointer: pointerTo(index), ...fault })
    return row === undefined || fault !== undefined ? [] : [row]
  })
  if (faults.length > 0) throw invalid(faults)
  return rows
}

const twice = { code: "DUPLICATE", message: "The file stands twice." }
