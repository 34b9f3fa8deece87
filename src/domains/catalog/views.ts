import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { type Actor, may } from "../../platform/auth/actor.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { availabilities, availabilityOf, type ProductFacts } from "./rules.ts"
import type { ProductRow } from "./tables.ts"

/** Whose eyes: the supplier's own staff who may see stock, a buyer whose supplier shares it, or neither. */
export type Sight = { readonly isOwn: boolean; readonly seesStock: boolean }

export const sightOf = (actor: Actor, supplierId: string, sharesStock: boolean): Sight => {
  const isOwn = actor.orgId === supplierId
  return { isOwn, seesStock: isOwn ? may(actor, "inventory.stock.read") : sharesStock }
}

export const toProductView = (product: ProductFacts, sight: Sight) => ({
  id: product.id,
  supplier_id: product.supplierId,
  sku: product.sku,
  name: product.name,
  description: product.description,
  category: product.category,
  unit: product.unit,
  quantity_step: quantityNumber(product.quantityStepMilli),
  price: formatMoney(product.priceMinor, product.currency),
  currency: product.currency,
  min_order_qty: quantityNumber(product.minOrderMilli),
  is_active: product.isActive,
  availability: availabilityOf(product.stockMilli, product.minStockMilli),
  images: product.images,
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
 * reader share no value, since `share_stock` turns one into the other.
 */
export function productEtag(product: ProductFacts, sight: Sight): string {
  const kinds = availabilities.length + 1
  const shown = sight.seesStock
    ? Math.max(product.seq, product.stockSeq) * kinds + availabilities.length
    : product.seq * kinds + availabilities.indexOf(availabilityOf(product.stockMilli, product.minStockMilli))
  return etagOf(product.version, shown, sight.isOwn ? "s" : "b")
}
