import { readStockValue } from "../../../durable-objects/supplier-ledger/client.ts"
import { RefusalError } from "../../kernel/result.ts"
import { addDays, dateIn } from "../../kernel/zoned-time.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageByKey, pageOf, readCursor } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { pageQueryAlone } from "../../platform/http/schemas.ts"
import { listEndpoint } from "../../platform/http/verbs.ts"
import { expiringList, expiringQuery, levelList, levelQuery, lowStockList, productLevelsParams, stockValueView } from "./schemas.ts"
import { type ExpiryKey, inventoryStore } from "./store.ts"
import { toExpiringView, toLevelView, toLowStockView, toStockValueView } from "./views.ts"

const tag = "Inventory"
const read = "inventory.stock.read"

const expiringKind = "expiring"

const noStock = { totals: [], places: [], productsWithoutCost: 0 } as const

export const inventoryEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listLevels",
      path: "/inventory",
      tag,
      summary: "Stock levels by product and warehouse",
      description:
        "Own stock by product, then that of warehouses operated for others: a partner sees what lies in those and nowhere else. Lots are summed up, unless lot_number asks for one; those that are used up are left out.",
      access: read,
      query: levelQuery,
      success: { schema: levelList, description: "A page of levels." },
    },
    (ctx, { query }) => {
      const filter = { productId: query.product_id, locationId: query.warehouse_id, lotNumber: query.lot_number }
      return pageByKey(
        "levels",
        ["string", "string", "string"],
        query,
        ({ after, rowsMax }) => {
          const [side, productId = "", locationId = ""] = after ?? []
          const key = side === undefined ? undefined : { isOwn: side === "own", productId, locationId }
          return inventoryStore(ctx.db).levels(filter, key, rowsMax)
        },
        (row) => [row.ownerId === ctx.orgId ? "own" : "operated", row.productId, row.locationId],
        toLevelView,
      )
    },
  ),
  endpoint(
    {
      operationId: "getStockValue",
      method: "get",
      path: "/inventory/value/total",
      tag,
      summary: "What the stock is worth, in total and by warehouse",
      description:
        "On hand times moving average cost, which receipts with a unit_cost make, each currency by itself. A warehouse's worth is rounded once and the total is their sum. Products without a known cost are counted apart.",
      access: "inventory.stock.value",
      success: { status: 200, schema: stockValueView, description: "The worth of the organization's own stock." },
    },
    async (ctx) => reply.ok(toStockValueView((await readStockValue(ctx)) ?? noStock)),
  ),
  endpoint(
    {
      operationId: "listExpiringStock",
      method: "get",
      path: "/inventory/expiring",
      tag,
      summary: "Own stock in lots that expire within some days, soonest first",
      description:
        "By warehouse and lot, in days of the organization's own time zone. What is out of date already comes first, and says so; it is never sold, and can be moved or destroyed.",
      access: read,
      query: expiringQuery,
      success: { status: 200, schema: expiringList, description: "A page of levels." },
      isList: true,
    },
    async (ctx, { query }) => {
      const key = readCursor(expiringKind, ["string", "string", "string", "string"], query.cursor)?.map(String)
      const [expiresOn = "", productId = "", locationId = "", lotId = ""] = key ?? []
      const after: ExpiryKey | undefined = key === undefined ? undefined : { expiresOn, productId, locationId, lotId }
      // Which day it is there comes with the rows: no zone is more than a day ahead of UTC, and what is beyond its last day comes last.
      const latest = addDays(dateIn(ctx.now, "UTC"), 1 + query.days)
      const { rows, timeZone } = await inventoryStore(ctx.db).expiring(latest, after, query.limit + 1)
      const today = dateIn(ctx.now, timeZone)
      const until = addDays(today, query.days)
      return reply.ok(
        pageOf(
          rows.filter((row) => row.expiresOn !== null && row.expiresOn <= until),
          query.limit,
          expiringKind,
          (row) => [row.expiresOn, row.productId, row.locationId, row.lotId],
          (row) => toExpiringView(row, today),
        ),
      )
    },
  ),
  listEndpoint(
    {
      operationId: "listLowStock",
      path: "/stock-movements/low-stock",
      tag: "Stock movements",
      summary: "Products under their minimum level",
      description:
        "A line for all warehouses together (warehouse_id null), and one for each warehouse that has a minimum of its own and is under it.",
      access: read,
      query: pageQueryAlone,
      success: { schema: lowStockList, description: "A page of products." },
    },
    (ctx, { query }) =>
      pageByKey(
        "low-stock",
        ["string", "string"],
        query,
        ({ after, rowsMax }) => {
          const [productId, locationId = ""] = after ?? []
          return inventoryStore(ctx.db).low(productId === undefined ? undefined : { productId, locationId }, rowsMax)
        },
        (row) => [row.productId, row.locationId],
        toLowStockView,
      ),
  ),
  listEndpoint(
    {
      operationId: "listProductLevels",
      path: "/inventory/{product_id}",
      tag,
      summary: "Stock levels of one product by warehouse and lot",
      description: "An own product's, or what of another's lies in warehouses operated for it. Lots that are used up are left out.",
      access: read,
      params: productLevelsParams,
      query: pageQueryAlone,
      success: { schema: levelList, description: "A page of levels." },
      errors: ["NOT_FOUND"],
    },
    (ctx, { params, query }) =>
      pageByKey(
        "levels-of-product",
        ["string", "string"],
        query,
        async ({ after, rowsMax }) => {
          const [locationId, lotId = ""] = after ?? []
          const key = locationId === undefined ? undefined : { locationId, lotId }
          const rows = await inventoryStore(ctx.db).ofProduct(params.product_id, key, rowsMax)
          if (rows === undefined) throw new RefusalError({ code: "NOT_FOUND", detail: "There is no such product." })
          return rows
        },
        (row) => [row.locationId, row.lotId],
        toLevelView,
      ),
  ),
]
