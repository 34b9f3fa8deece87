import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import { type FileId, type ProductId, routingOf } from "../../kernel/ids.ts"
import { type Result, refuse } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { Upload } from "../../platform/http/upload.ts"
import { placeProductImage } from "../files/index.ts"
import type { ProductDetail } from "./rules.ts"

/**
 * Adds an image: first by the files' book, so that it cannot be swept away, then by the ledger's, which shows it. What the
 * ledger refuses, or has answered before under the same command, is let go.
 */
export async function addProductImage(
  ctx: Ctx,
  productId: ProductId,
  given: Upload | FileId,
  name: string | undefined,
): Promise<Result<ProductDetail>> {
  // The id says whose it is: nothing is uploaded for a product that cannot be one's own.
  if (routingOf(productId) !== routingOf(ctx.orgId)) return refuse("NOT_FOUND", "There is no such product.")
  const { row, settle } = await placeProductImage(ctx, productId, given, name)
  const image = { fileId: row.id, contentType: row.contentType, width: row.width, height: row.height }
  const result = await command(ctx, ctx.orgId, "addProductImage", { productId, image })
  await settle()
  return result
}
