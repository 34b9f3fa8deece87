import { withoutUndefined } from "../../kernel/without-undefined.ts"
import type { NewProductBody, ProductBody } from "./schemas.ts"

/** The body's names as the ledger has them, without what was not said. */
export function termsOf(body: ProductBody) {
  const { sku, gtin, name, price, description, category, unit, currency } = body
  return withoutUndefined({
    sku,
    gtin,
    name,
    price,
    description,
    category,
    unit,
    currency,
    quantityStepMilli: body.quantity_step,
    minOrderMilli: body.min_order_qty,
    minStockMilli: body.min_stock_level,
    stockMilli: body.stock_quantity,
    minimums: body.min_stock_levels?.map(({ warehouse_id, quantity }) => ({ locationId: warehouse_id, minMilli: quantity })),
    isActive: body.is_active,
    packs: body.packs?.map(({ unit: name, quantity }) => ({ unit: name, quantityMilli: quantity })),
  })
}

/** A new product as the ledger is told to create it. */
export const createProductOf = (body: NewProductBody) => ({ ...termsOf(body), sku: body.sku, name: body.name, price: body.price })
