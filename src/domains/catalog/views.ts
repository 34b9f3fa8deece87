import type { FileId } from "../../kernel/ids.ts"
import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { type Actor, may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { signFileUrl, urlGeneration } from "../files/index.ts"
import { availabilities, availabilityOf, type ProductFacts } from "./rules.ts"
import type { ProductRow } from "./tables.ts"

/** Whose eyes: the supplier's own staff who may see stock, a buyer whose supplier shares it, or neither. */
export type Sight = { readonly isOwn: boolean; readonly seesStock: boolean }

export const sightOf = (actor: Actor, supplierId: string, sharesStock: boolean): Sight => {
  const isOwn = actor.orgId === supplierId
  return { isOwn, seesStock: isOwn ? may(actor, "inventory.stock.read") : sharesStock }
}

/** Signed URLs of products' images, by file. */
export type ImageUrls = ReadonlyMap<FileId, { readonly url: string; readonly thumbnail: string }>

const thumbnailWidth = 320

/** URLs of all images of the products: made by signing alone, so that a page of them costs no trip. */
export async function imageUrls(ctx: Ctx, products: ReadonlyArray<Pick<ProductFacts, "supplierId" | "images">>): Promise<ImageUrls> {
  const all = products.flatMap(({ supplierId, images }) => images.map(({ fileId }) => ({ supplierId, fileId })))
  const signed = all.map(async ({ supplierId, fileId }) => {
    const [whole, small] = await Promise.all([signFileUrl(ctx, supplierId, fileId), signFileUrl(ctx, supplierId, fileId, thumbnailWidth)])
    return [fileId, { url: whole.url, thumbnail: small.url }] as const
  })
  return new Map(await Promise.all(signed))
}

export const toProductView = (product: ProductFacts, sight: Sight, urls: ImageUrls) => ({
  id: product.id,
  supplier_id: product.supplierId,
  sku: product.sku,
  name: product.name,
  description: product.description,
  category: product.category,
  unit: product.unit,
  quantity_step: quantityNumber(product.quantityStepMilli),
  identity_id: product.identityId,
  color: product.color,
  size: product.size,
  condition: product.condition,
  price: formatMoney(product.priceMinor, product.currency),
  currency: product.currency,
  min_order_qty: quantityNumber(product.minOrderMilli),
  is_active: product.isActive,
  availability: availabilityOf(product.stockMilli, product.minStockMilli),
  images: product.images.map(({ fileId, contentType, width, height }) => ({
    file_id: fileId,
    url: urls.get(fileId)?.url ?? "",
    thumbnail_url: urls.get(fileId)?.thumbnail ?? "",
    content_type: contentType,
    width,
    height,
  })),
  ...(sight.seesStock ? { stock_quantity: quantityNumber(product.stockMilli) } : {}),
  ...(sight.isOwn && sight.seesStock ? { min_stock_level: quantityNumber(product.minStockMilli) } : {}),
  version: product.version,
  created_at: formatInstant(product.createdAt),
  updated_at: formatInstant(product.updatedAt),
})

export function productOfRow({ orgId, row: _row, generation: _generation, ...product }: ProductRow): ProductFacts {
  return { ...product, supplierId: orgId }
}

/**
 * A sale changes what the body says of stock and nothing an editor holds: it moves the sequence, not the version. Whoever
 * may not see the quantity sees it move with the availability alone, or they could count the sales; the two kinds of
 * reader share no value, since `share_stock` turns one into the other. URLs of images end, and the copy that holds them with them.
 */
export function productEtag(ctx: Ctx, product: ProductFacts, sight: Sight): string {
  const kinds = availabilities.length + 1
  const shown = sight.seesStock
    ? Math.max(product.seq, product.stockSeq) * kinds + availabilities.length
    : product.seq * kinds + availabilities.indexOf(availabilityOf(product.stockMilli, product.minStockMilli))
  return etagOf(product.version, product.images.length === 0 ? shown : `${shown}${urlGeneration(ctx)}`, sight.isOwn ? "s" : "b")
}
