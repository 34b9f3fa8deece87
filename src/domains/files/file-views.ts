import type { FileId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { FileView } from "./schemas.ts"
import { fileStore } from "./store.ts"
import { toFileView } from "./views.ts"

/**
 * Views, with short-lived signed URLs, of files that the organization may see, by id; unknown ones are missing. One trip.
 * Whether the caller may see what they belong to is for whoever asks to know.
 */
export async function fileViews(
  ctx: Pick<Ctx, "config" | "db" | "now" | "publicUrl">,
  ids: readonly FileId[],
): Promise<ReadonlyMap<FileId, FileView>> {
  const rows = await fileStore(ctx.db).byIds([...new Set(ids)])
  const shown = rows.filter(({ status }) => status === "READY" || status === "ATTACHED")
  return new Map(await Promise.all(shown.map(async (row) => [row.id, await toFileView(ctx, row)] as const)))
}
