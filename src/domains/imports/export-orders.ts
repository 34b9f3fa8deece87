import type { OrderId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { csvDownload } from "../../platform/http/csv.ts"
import { type OrderRow, orderOfRow, orderStore } from "../orders/index.ts"
import type { ExportOrdersQuery } from "./schemas.ts"

type Cell = string | number | null
type Line = OrderRow["lines"][number]

/** A line of an order, with its order: the columns that an import reads, and what else there is to know. */
const columns: Readonly<Record<string, (order: OrderRow, line: Line) => Cell>> = {
  order_id: ({ id }) => id,
  reference: ({ number }) => number,
  status: ({ status }) => status,
  side: ({ side }) => side,
  supplier_id: (order) => orderOfRow(order).supplierId,
  supplier_name: ({ supplierName }) => supplierName,
  buyer_id: (order) => orderOfRow(order).buyerId,
  buyer_name: ({ buyerName }) => buyerName,
  sku: (_, { sku }) => sku,
  name: (_, { name }) => name,
  quantity: (_, { quantityMilli }) => quantityNumber(quantityMilli),
  unit_at_order: (_, { unit }) => unit,
  unit_price_at_time: ({ currency }, { unitPriceMinor }) => formatMoney(unitPriceMinor, currency),
  line_total: ({ currency }, { lineTotalMinor }) => formatMoney(lineTotalMinor, currency),
  currency: ({ currency }) => currency,
  note: ({ note }) => note,
  requested_delivery_on: ({ requestedDeliveryOn }) => requestedDeliveryOn,
  placed_at: ({ placedAt }) => formatInstant(placedAt),
  updated_at: ({ updatedAt }) => formatInstant(updatedAt),
}

/** The organization's orders, a line each, newest order first, read and sent page by page. */
export const exportOrders = (ctx: Ctx, query: ExportOrdersQuery): Response =>
  csvDownload(`orders-${formatInstant(ctx.now).slice(0, 10)}.csv`, Object.keys(columns), linesOf(ctx, query))

async function* linesOf(ctx: Ctx, { status, side, from, to }: ExportOrdersQuery): AsyncGenerator<Cell[][]> {
  const cells = Object.values(columns)
  let after: OrderId | undefined
  for (let read = 0; ; read += limits.exportPageOrders) {
    if (read >= limits.exportRowsMax) throw new Error(`an export of more than ${limits.exportRowsMax} orders was given up`)
    const { rows } = await orderStore(ctx.db).page({
      status,
      side: undefined,
      q: undefined,
      from,
      to,
      after,
      rowsMax: limits.exportPageOrders,
    })
    const wanted = rows.filter((order) => side === undefined || order.side === side)
    yield wanted.flatMap((order) => order.lines.map((line) => cells.map((cell) => cell(order, line))))
    after = rows.at(-1)?.id
    if (rows.length < limits.exportPageOrders) return
  }
}
