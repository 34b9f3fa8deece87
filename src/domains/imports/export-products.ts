import type { ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { csvDownload } from "../../platform/http/csv.ts"
import { catalogStore, type ProductFacts, productOfRow, sightOf } from "../catalog/index.ts"
import type { importColumns } from "./rules.ts"

type Read = (typeof importColumns.products.read)[number]
type Column = Exclude<Read, "stock_quantity"> | (typeof importColumns.products.ignored)[number]
type Cell = string | number | null

/**
 * The columns that an import reads, but for `stock_quantity`, which states a count: what is on hand stands under a name that an
 * import passes over (INV-IMP-11). And the id. Quantities of stock stand there for those who may see them.
 */
const columnsFor = (seesStock: boolean): Readonly<Record<Column, (product: ProductFacts) => Cell>> => ({
  id: ({ id }) => id,
  sku: ({ sku }) => sku,
  name: ({ name }) => name,
  description: ({ description }) => description,
  category: ({ category }) => category,
  unit: ({ unit }) => unit,
  quantity_step: ({ quantityStepMilli }) => quantityNumber(quantityStepMilli),
  price: ({ priceMinor, currency }) => formatMoney(priceMinor, currency),
  currency: ({ currency }) => currency,
  min_order_qty: ({ minOrderMilli }) => quantityNumber(minOrderMilli),
  min_stock_level: ({ minStockMilli }) => (seesStock ? quantityNumber(minStockMilli) : null),
  on_hand_at_export: ({ stockMilli }) => (seesStock ? quantityNumber(stockMilli) : null),
  is_active: ({ isActive }) => String(isActive),
})

/** The organization's own products, newest first, read and sent page by page. */
export function exportProducts(ctx: Ctx): Response {
  const columns = columnsFor(sightOf(ctx.actor, ctx.orgId, true).seesStock)
  return csvDownload(`products-${formatInstant(ctx.now).slice(0, 10)}.csv`, Object.keys(columns), linesOf(ctx, Object.values(columns)))
}

async function* linesOf(ctx: Ctx, cells: ReadonlyArray<(product: ProductFacts) => Cell>): AsyncGenerator<Cell[][]> {
  let after: ProductId | undefined
  for (let read = 0; ; read += limits.exportPageRows) {
    // A file that is silently too short would pass for the whole: rather none.
    if (read >= limits.exportRowsMax) throw new Error(`an export of more than ${limits.exportRowsMax} products was given up`)
    const rows = await catalogStore(ctx.db).own({ isActive: undefined, after, rowsMax: limits.exportPageRows })
    yield rows.map((row) => cells.map((cell) => cell(productOfRow(row))))
    after = rows.at(-1)?.id
    if (rows.length < limits.exportPageRows) return
  }
}
