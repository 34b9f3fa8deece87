import { limits } from "../../kernel/limits.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint, type HandlerResult, uploadEndpoint } from "../../platform/http/endpoint.ts"
import { reply } from "../../platform/http/reply.ts"
import { exportOrders } from "./export-orders.ts"
import { exportProducts } from "./export-products.ts"
import { findJob } from "./find-job.ts"
import { importColumns } from "./rules.ts"
import { csvText, exportOrdersQuery, importFileInput, importOrdersQuery, importProductsQuery, jobParams, jobView } from "./schemas.ts"
import { startImport } from "./start-import.ts"
import type { ImportJobRow } from "./tables.ts"
import { toJobView } from "./views.ts"

const started = (row: ImportJobRow): HandlerResult => ({
  ...reply.accepted(toJobView(row, null)),
  headers: { location: `/api/v1/jobs/${row.id}` },
})

const howToSend =
  "Send the CSV file as the body (RFC 4180, UTF-8 with or without a byte order mark, at most 100,000 rows of 64 KiB), or JSON with the `file_id` of a file that was uploaded as import. The first line names the columns. Answers at once with the job; GET /jobs/{id} says how far it is, and in the end where the failed rows are."

const importErrors = ["CONFLICT", "QUOTA_EXCEEDED", "UNSUPPORTED_MEDIA_TYPE"] as const
const jobSuccess = { status: 202, schema: jobView, description: "The job, QUEUED." } as const
const csvSuccess = {
  status: 200,
  schema: csvText,
  contentType: "text/csv",
  description: "RFC 4180, in UTF-8, with a line of column names.",
} as const

const download =
  "Text that a spreadsheet would take for a formula has an apostrophe before it, which an import takes off again. A transfer that breaks off is incomplete."

const given = <T>(one: T | undefined): T => {
  if (one === undefined) throw new Error("a body of one kind was promised")
  return one
}

export const importEndpoints: readonly Endpoint[] = [
  uploadEndpoint(
    {
      operationId: "importProducts",
      method: "post",
      path: "/products/import",
      tag: "Products",
      summary: "Create and change many products from a CSV file",
      description: `${howToSend} Columns: ${importColumns.products.read.join(", ")}. A row whose SKU there is changes that product, and leaves alone what its cells leave empty; any other creates one. stock_quantity states a count, as PATCH /products/{id} does; on_hand_at_export, which an export writes in its place, is passed over, so that importing an export undoes no sale.`,
      access: "catalog.product.edit",
      query: importProductsQuery,
      body: importFileInput,
      bodyType: "json-or-stream",
      success: jobSuccess,
      errors: importErrors,
    },
    async (ctx, { query, body, upload }) =>
      started(await startImport(ctx, { kind: "products", given: given(upload ?? body?.file_id), name: query.name })),
  ),
  endpoint(
    {
      operationId: "exportProducts",
      method: "get",
      path: "/products/export",
      tag: "Products",
      summary: "The organization's products as CSV",
      description: `The same columns as an import reads, newest first, inactive ones among them; but for stock_quantity, which would state a count: what is on hand stands as on_hand_at_export, which an import passes over. ${download}`,
      access: "catalog.product.edit",
      success: csvSuccess,
    },
    (ctx: Ctx) => exportProducts(ctx),
  ),
  uploadEndpoint(
    {
      operationId: "importOrders",
      method: "post",
      path: "/orders/import",
      tag: "Orders",
      summary: "Place many orders from a CSV file",
      description: `${howToSend} Columns: ${importColumns.orders.read.join(", ")}; a row is a line of an order. Rows that stand together and name the same supplier and reference are one order, which is placed whole or not at all. unit is the product's own or one of its packs, which the quantity then counts. A file has at most ${limits.importOrdersMax} orders; more than that, and the job ends FAILED before any is placed. Imports place as many orders a minute as requests are allowed, and rest in between.`,
      access: "orders.purchase.place",
      query: importOrdersQuery,
      body: importFileInput,
      bodyType: "json-or-stream",
      success: jobSuccess,
      errors: importErrors,
    },
    async (ctx, { query, body, upload }) =>
      started(
        await startImport(ctx, { kind: "orders", given: given(upload ?? body?.file_id), name: query.name, supplierId: query.supplier_id }),
      ),
  ),
  endpoint(
    {
      operationId: "exportOrders",
      method: "get",
      path: "/orders/export",
      tag: "Orders",
      summary: "The organization's orders as CSV, a line of an order each",
      description: `Orders of either side, newest first; those that were placed can be imported again. ${download}`,
      access: "orders.order.read",
      query: exportOrdersQuery,
      success: csvSuccess,
    },
    (ctx, { query }) => exportOrders(ctx, query),
  ),
  endpoint(
    {
      operationId: "getJob",
      method: "get",
      path: "/jobs/{id}",
      tag: "Jobs",
      summary: "How far an import is",
      description: "For whoever started it. The file of failed rows is theirs, too: GET /files/{id} has its URL.",
      // Whoever may start one; whose it is decides on each.
      access: ["catalog.product.edit", "orders.purchase.place"],
      params: jobParams,
      success: { status: 200, schema: jobView, description: "The job as it is now." },
    },
    async (ctx, { params }) => reply.ok(await findJob(ctx, params.id)),
  ),
]
