import { readProduct } from "../../../durable-objects/supplier-ledger/client.ts"
import type { FileId, ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { hour, type Instant, minute } from "../../kernel/time.ts"
import { refOf } from "../../platform/auth/actor.ts"
import type { Statement } from "../../platform/db/executor.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { UnitOfWork } from "../../platform/db/unit-of-work.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { parseInput } from "../../platform/http/input.ts"
import type { Upload } from "../../platform/http/upload.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { attachable } from "./attach-files.ts"
import { receiveFile } from "./receive-file.ts"
import { removeObject } from "./remove-object.ts"
import { imageFacts } from "./schemas.ts"
import { type Claim, fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"
import { settle } from "./upload-file.ts"

/**
 * INV-FIL-9: whoever is about to have the ledger show a file, or no longer show it, claims it first. A claim is the file's
 * `due_at`, which each claim moves on. After its command, a claim that was made while no other was open, and is still the
 * last, asks the ledger what the product shows and writes that down; anything else is left to the sweep, which does the same
 * once nobody can be about to command any more. The command's own answer would not do: a repeat gets the first one's.
 */
type ClaimedImage = {
  /** For after the command. What cannot be written is the sweep's. */
  readonly settle: () => Promise<void>
}

/** An image that belongs to a product by the files' book, and not yet by the ledger's. */
type PlacedImage = ClaimedImage & { readonly row: FileRow }

const subjectOf = (id: ProductId) => ({ kind: "product", id }) as const

/** Much longer than a request lives: a claim that is due is nobody's any more. */
const claimMinutes = 60
export const claimUntil = (now: Instant): Instant => now + claimMinutes * minute

type Asking = Pick<Ctx, "env" | "meter" | "orgId">

/** The files that a product shows, by its ledger: D1 may be late. */
export const shownBy = async (asking: Asking, productId: ProductId): Promise<ReadonlySet<FileId>> =>
  new Set((await readProduct(asking, productId))?.images.map(({ fileId }) => fileId))

/** What becomes of a file whose claim is still the last. What is not shown belongs to nothing, and the sweep takes it in its time. */
export const settleClaim = (db: TenantDb, id: FileId, claim: Instant, isShown: boolean, now: Instant): Statement =>
  isShown ? fileStore(db).confirm(id, claim) : fileStore(db).releaseClaimed(id, claim, now + limits.fileUnattachedHours * hour)

/**
 * Books an image for a product before the ledger is told: so a product never shows a file that could be swept away.
 * The file comes with the request, or was uploaded before by whoever asks. @throws RefusalError as `receiveFile` and `attachFiles` do.
 */
export const placeProductImage = (ctx: Ctx, productId: ProductId, given: Upload | FileId, name?: string): Promise<PlacedImage> =>
  typeof given === "string" ? placeUploaded(ctx, productId, given) : placeUpload(ctx, productId, given, name)

async function placeUpload(ctx: Ctx, productId: ProductId, upload: Upload, name: string | undefined): Promise<PlacedImage> {
  const facts = parseInput("query", imageFacts, { name, ...upload.fields }) as { name?: string }
  const received = await receiveFile(ctx, { purpose: "product_image", name: facts.name, upload })
  const work = new UnitOfWork(ctx.now, ctx.origin, refOf(ctx.actor))
  const claim = claimUntil(ctx.now)
  const row = settle(ctx, work, received, subjectOf(productId), claim)
  await work.commit(ctx.db)
  return { ...claimedImage(ctx, productId, row.id, claim, () => throwAway(ctx, row, claim)), row }
}

async function placeUploaded(ctx: Ctx, productId: ProductId, id: FileId): Promise<PlacedImage> {
  const to = { purpose: "product_image", subject: subjectOf(productId), pointer: "/file_id" } as const
  const [row] = await attachable(ctx, [id], to, () => to.pointer)
  if (row === undefined) throw new Error("a file that can be attached is there")
  return { ...claimedImage(ctx, productId, id, await fileStore(ctx.db).claimToShow(id, to.subject, claimUntil(ctx.now))), row }
}

/** Claims an image that is about to be taken off its product. */
export const claimProductImage = async (ctx: Ctx, productId: ProductId, id: FileId): Promise<ClaimedImage> =>
  claimedImage(ctx, productId, id, await fileStore(ctx.db).claimShown(id, subjectOf(productId), claimUntil(ctx.now)))

function claimedImage(ctx: Ctx, productId: ProductId, fileId: FileId, claim: Claim, ifNotShown?: () => Promise<void>): ClaimedImage {
  return {
    async settle() {
      if (claim === undefined) return
      try {
        const isShown = (await shownBy(ctx, productId)).has(fileId)
        if (!isShown && ifNotShown !== undefined) await ifNotShown()
        else await ctx.db.run([settleClaim(ctx.db, fileId, claim, isShown, ctx.now)])
      } catch (error) {
        // The command was answered, and so must be whoever gave it.
        log.warn("claim left to the sweep", { file: fileId, error: describeError(error) })
      }
    },
  }
}

/** What came with the request, and nothing will ever show. */
async function throwAway(ctx: Ctx, row: FileRow, claim: Instant): Promise<void> {
  await ctx.db.run([fileStore(ctx.db).beginDeletingClaimed(row.id, claim, ctx.now)])
  if ((await fileStore(ctx.db).byId(row.id))?.status === "DELETING") await removeObject(ctx, row)
}
