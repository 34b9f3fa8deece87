import { sql } from "drizzle-orm"
import type { FileId, ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { hour, minute } from "../../kernel/time.ts"
import { refOf } from "../../platform/auth/actor.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { parseInput } from "../../platform/http/input.ts"
import type { Upload } from "../../platform/http/upload.ts"
import { attachable } from "./attach-files.ts"
import { receiveFile } from "./receive-file.ts"
import { removeObject } from "./remove-object.ts"
import { imageFacts } from "./schemas.ts"
import { fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"
import { settle } from "./upload-file.ts"

/** An image that belongs to a product by the files' book, and not yet by the ledger's. */
export type PlacedImage = {
  readonly row: FileRow
  /** For when the ledger will not have it: as if it had never been placed. */
  readonly takeBack: () => Promise<void>
}

const subjectOf = (id: ProductId) => ({ kind: "product", id }) as const

/** The ledger hears of a placed image at once. Where it does not, the sweep looks at the product after this, and lets the file go. */
const confirmMinutes = 60

/**
 * Books an image for a product before the ledger is told: so a product never shows a file that could be swept away.
 * The file comes with the request, or was uploaded before by whoever asks. @throws RefusalError as `receiveFile` and `attachFiles` do.
 */
export async function placeProductImage(ctx: Ctx, productId: ProductId, given: Upload | FileId, name?: string): Promise<PlacedImage> {
  const dueAt = ctx.now + confirmMinutes * minute
  const work = new UnitOfWork(ctx.now, ctx.origin, refOf(ctx.actor))
  const store = fileStore(ctx.db)
  if (typeof given !== "string") {
    const facts = parseInput("query", imageFacts, { name, ...given.fields }) as { name?: string }
    const received = await receiveFile(ctx, { purpose: "product_image", name: facts.name, upload: given })
    const row = settle(ctx, work, received, subjectOf(productId), dueAt)
    await work.commit(ctx.db)
    return {
      row,
      async takeBack() {
        await ctx.db.run([store.beginDeleting(row.id, "ATTACHED", ctx.now)])
        await removeObject(ctx, row)
      },
    }
  }
  const to = { purpose: "product_image", subject: subjectOf(productId), pointer: "/file_id" } as const
  const [row] = await attachable(ctx, [given], to, () => to.pointer)
  if (row === undefined) throw new Error("a file that can be attached is there")
  const isThere = row.status === "ATTACHED"
  if (!isThere) await work.add(...store.attach(row.id, to.subject, { seenBy: null, dueAt })).commit(ctx.db)
  return {
    row,
    async takeBack() {
      if (!isThere) await ctx.db.run([store.release(row.id, to.subject, ctx.now + limits.fileUnattachedHours * hour)])
    },
  }
}

/** Lets an image go that the product no longer shows. Where D1 does not know that yet, the sweep finds out. */
export const releaseProductImage = (ctx: Ctx, productId: ProductId, fileId: FileId): Statement[] => {
  const store = fileStore(ctx.db)
  const shows = sql`exists (select 1 from products where org_id = ${ctx.orgId} and id = ${productId} and instr(images, ${fileId}) > 0)`
  return [
    store.release(fileId, subjectOf(productId), ctx.now + limits.fileUnattachedHours * hour, sql`not ${shows}`),
    store.lookAgain(fileId, ctx.now + confirmMinutes * minute),
  ]
}
