import type { FileId } from "../../kernel/ids.ts"
import { formatMoney } from "../../kernel/money.ts"
import { type LinkPrices, listedPrice, priceFor } from "../../kernel/price.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { type Actor, may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { signFileUrl, urlGeneration } from "../files/index.ts"
import { availabilities, availabilityOf, type PlaceMinimum, type ProductDetail, type ProductFacts } from "./rules.ts"
import type { ProductRow } from "./tables.ts"

/** Whose eyes: the supplier's own staff who may see stock, a buyer whose supplier shares it, or neither. */
type Sight = { readonly isOwn: boolean; readonly seesStock: boolean }

export const sightOf = (actor: Actor, supplierId: string, sharesStock: boolean): Sight => {
  const isOwn = actor.orgId === supplierId
  return { isOwn, seesStock: isOwn ? may(actor, "inventory.stock.read") : sharesStock }
}

/** Signed URLs of products' images, by file. */
type ImageUrls = ReadonlyMap<FileId, { readonly url: string; readonly thumbnail: string }>

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

/** A product as one organization sees it, with what a unit costs that organization when it takes the least there is to order. */
export function toProductView(product: ProductFacts, sight: Sight, urls: ImageUrls, prices?: LinkPrices) {
  const { unitPrice, rule, tiers } = ownPriceOf(product, prices)
  return {
    id: product.id,
    supplier_id: product.supplierId,
    sku: product.sku,
    gtin: product.gtin,
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
    unit_price: unitPrice,
    price_rule: rule,
    price_tiers: tiers,
    min_order_qty: quantityNumber(product.minOrderMilli),
    packs: product.packs.map(({ unit, quantityMilli }) => ({ unit, quantity: quantityNumber(quantityMilli) })),
    is_active: product.isActive,
    availability: availabilityOf(product.availableMilli, product.minStockMilli),
    images: product.images.map(({ fileId, contentType, width, height }) => ({
      file_id: fileId,
      url: urls.get(fileId)?.url ?? "",
      thumbnail_url: urls.get(fileId)?.thumbnail ?? "",
      content_type: contentType,
      width,
      height,
    })),
    stock_quantity: sight.seesStock ? quantityNumber(sight.isOwn ? product.stockMilli : product.availableMilli) : undefined,
    min_stock_level: sight.isOwn && sight.seesStock ? quantityNumber(product.minStockMilli) : undefined,
    version: product.version,
    created_at: formatInstant(product.createdAt),
    updated_at: formatInstant(product.updatedAt),
  }
}

/** One product, with what lists leave out. */
export function toProductDetailView(product: ProductDetail, sight: Sight, urls: ImageUrls, prices?: LinkPrices) {
  const view = toProductView(product, sight, urls, prices)
  if (!sight.isOwn || !sight.seesStock) return view
  return { ...view, min_stock_levels: product.minimums.filter(({ minMilli }) => minMilli > 0).map(toMinimumView) }
}

const toMinimumView = ({ locationId, minMilli }: PlaceMinimum) => ({ warehouse_id: locationId, quantity: quantityNumber(minMilli) })

/** When what its own staff see of its minimums last changed: they may be lifted with their warehouse. */
export const minimumsSeq = ({ minimums }: ProductDetail): number => Math.max(0, ...minimums.map(({ seq }) => seq))

function ownPriceOf(product: ProductFacts, prices: LinkPrices | undefined) {
  const { unitPriceMinor, rule } = priceFor(product, prices, product.minOrderMilli)
  const tiers = (prices === undefined ? undefined : listedPrice(prices, product))?.tiers ?? []
  return {
    unitPrice: formatMoney(unitPriceMinor, product.currency),
    rule,
    tiers: tiers.map(({ fromMilli, priceMinor }) => ({
      from_quantity: quantityNumber(fromMilli),
      unit_price: formatMoney(priceMinor, product.currency),
    })),
  }
}

/** The projection's own columns stay on it, unread: to leave them out costs as much as the rest of the view. */
export const productOfRow = (row: ProductRow): ProductFacts => ({
  ...row,
  supplierId: row.orgId,
  availableMilli: row.availableMilli ?? row.stockMilli,
  packs: row.packs ?? [],
})

/**
 * A sale changes what the body says of stock and nothing an editor holds: it moves the sequence, not the version. Whoever
 * may not see the quantity sees it move with the availability alone, or they could count the sales; the two kinds of
 * reader share no value, since `share_stock` turns one into the other. The
 * terms that a buyer's price stands in count as the product's own change: both have their seq from one ledger. URLs of
 * images end, and the copy that holds them with them.
 */
export function productEtag(ctx: Ctx, product: ProductFacts, sight: Sight, termsSeq = 0): string {
  const kinds = availabilities.length + 1
  const seq = Math.max(product.seq, termsSeq)
  const shown = sight.seesStock
    ? Math.max(seq, product.stockSeq) * kinds + availabilities.length
    : seq * kinds + availabilities.indexOf(availabilityOf(product.availableMilli, product.minStockMilli))
  return etagOf(product.version, product.images.length === 0 ? shown : `${shown}${urlGeneration(ctx)}`, sight.isOwn ? "s" : "b")
}
