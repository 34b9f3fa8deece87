import { command, readProduct } from "../../../durable-objects/supplier-ledger/client.ts"
import { type ProductId, routingOf } from "../../kernel/ids.ts"
import { refuse } from "../../kernel/result.ts"
import { may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint, type HandlerResult, uploadEndpoint } from "../../platform/http/endpoint.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { claimProductImage } from "../files/index.ts"
import { addProductImage } from "./add-product-image.ts"
import { listCatalog } from "./list-catalog.ts"
import type { ProductDetail } from "./rules.ts"
import {
  addImageInput,
  catalogQuery,
  createProductInput,
  ownProductsQuery,
  productImageParams,
  productImageQuery,
  productList,
  productView,
  updateProductInput,
} from "./schemas.ts"
import { catalogStore, type SeenProduct } from "./store.ts"
import { createProductOf, termsOf } from "./terms.ts"
import { imageUrls, minimumsSeq, productEtag, productOfRow, sightOf, toProductDetailView, toProductView } from "./views.ts"

const ownKind = "products"
const editErrors = ["CONFLICT", "OFF_STEP", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"] as const

type Terms = Omit<SeenProduct, "product">
const noTerms: Terms = { sharesStock: false, prices: undefined, termsSeq: 0 }

async function shown(ctx: Ctx, product: ProductDetail, { sharesStock, prices, termsSeq } = noTerms): Promise<HandlerResult> {
  const sight = sightOf(ctx.actor, product.supplierId, sharesStock)
  const view = toProductDetailView(product, sight, await imageUrls(ctx, [product]), prices)
  return reply.ok(view, { etag: productEtag(ctx, product, sight, Math.max(termsSeq, minimumsSeq(product))) })
}

async function created(ctx: Ctx, product: ProductDetail): Promise<HandlerResult> {
  const sight = sightOf(ctx.actor, product.supplierId, true)
  const view = toProductDetailView(product, sight, await imageUrls(ctx, [product]))
  return reply.created(view, `/products/${product.id}`, { etag: productEtag(ctx, product, sight, minimumsSeq(product)) })
}

export const catalogEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "listCatalog",
      method: "get",
      path: "/products/catalog",
      tag: "Products",
      summary: "Products of suppliers with an approved link, and one's own",
      description:
        "Comes by supplier and name. `price` is the supplier's own price, `unit_price` what a unit costs the caller by its link's terms at the minimum quantity; price bounds go by the caller's price before quantity tiers, sort=price by the supplier's own. With in_stock or price bounds at most 500 products are looked at: a page may be short and still have a next_cursor. The catalog of a supplier without an approved link is an empty page.",
      access: "catalog.product.read",
      query: catalogQuery,
      success: { status: 200, schema: productList, description: "A page of products." },
      isList: true,
    },
    async (ctx, { query }) => reply.ok(await listCatalog(ctx, query)),
  ),
  endpoint(
    {
      operationId: "listProducts",
      method: "get",
      path: "/products",
      tag: "Products",
      summary: "Own organization's products, newest first",
      description: "Inactive ones are shown to those who may edit.",
      access: "catalog.product.read",
      query: ownProductsQuery,
      success: { status: 200, schema: productList, description: "A page of products." },
      isList: true,
    },
    async (ctx, { query }) => {
      const [after] = readCursor(ownKind, ["string"], query.cursor) ?? []
      const isActive = may(ctx.actor, "catalog.product.edit") ? query.is_active : true
      const rows = await catalogStore(ctx.db).own({ isActive, after: after as ProductId | undefined, rowsMax: query.limit + 1 })
      const sight = sightOf(ctx.actor, ctx.orgId, true)
      const urls = await imageUrls(ctx, rows.map(productOfRow))
      return reply.ok(
        pageOf(
          rows,
          query.limit,
          ownKind,
          (row) => [row.id],
          (row) => toProductView(productOfRow(row), sight, urls),
        ),
      )
    },
  ),
  endpoint(
    {
      operationId: "createProduct",
      method: "post",
      path: "/products",
      tag: "Products",
      summary: "Create a product, with its opening stock",
      access: "catalog.product.edit",
      body: createProductInput,
      success: { status: 201, schema: productView, description: "The product." },
      errors: ["CONFLICT", "OFF_STEP", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const result = await command(ctx, ctx.orgId, "createProduct", createProductOf(body))
      return result.ok ? created(ctx, result.value) : result
    },
  ),
  endpoint(
    {
      operationId: "getProduct",
      method: "get",
      path: "/products/{id}",
      tag: "Products",
      summary: "One product, own or of a linked supplier",
      access: "catalog.product.read",
      params: idParams("prd"),
      success: { status: 200, schema: productView, description: "The product." },
    },
    async (ctx, { params }) => {
      const seen = await catalogStore(ctx.db).byId(params.id)
      if (seen !== undefined) return shown(ctx, { ...productOfRow(seen.product), minimums: seen.minimums }, seen)
      // D1 may not show a product yet that this organization made a moment ago.
      const own = routingOf(params.id) === routingOf(ctx.orgId) ? await readProduct(ctx, params.id) : undefined
      return own === undefined ? refuse("NOT_FOUND", "There is no such product.") : shown(ctx, own)
    },
  ),
  endpoint(
    {
      operationId: "updateProduct",
      method: "patch",
      path: "/products/{id}",
      tag: "Products",
      summary: "Change a product",
      access: "catalog.product.edit",
      params: idParams("prd"),
      body: updateProductInput,
      success: { status: 200, schema: productView, description: "The product as it is now." },
      errors: editErrors,
      writer: "ledger",
    },
    async (ctx, { params, body }) => {
      const result = await command(ctx, ctx.orgId, "updateProduct", { ...termsOf(body), productId: params.id })
      return result.ok ? shown(ctx, result.value) : result
    },
  ),
  endpoint(
    {
      operationId: "archiveProduct",
      method: "delete",
      path: "/products/{id}",
      tag: "Products",
      summary: "Archive a product",
      description: "It leaves the catalog and gives up its SKU; orders and history keep it.",
      access: "catalog.product.edit",
      params: idParams("prd"),
      success: { status: 204, description: "Archived." },
      errors: ["VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { params }) => {
      const result = await command(ctx, ctx.orgId, "archiveProduct", { productId: params.id })
      return result.ok ? reply.noContent() : result
    },
  ),
  uploadEndpoint(
    {
      operationId: "addProductImage",
      method: "post",
      path: "/products/{id}/images",
      tag: "Products",
      summary: "Add an image to a product",
      description:
        "Send the image as the body (PNG, JPEG, WebP or GIF, found by its content), or a form with it as file, or JSON with the `file_id` of a file that was uploaded as product_image.",
      access: "catalog.product.edit",
      params: idParams("prd"),
      query: productImageQuery,
      body: addImageInput,
      bodyType: "json-or-stream",
      success: { status: 201, schema: productView, description: "The product with the image." },
      errors: ["CONFLICT", "QUOTA_EXCEEDED", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
    },
    async (ctx, { params, query, body, upload }) => {
      const given = upload ?? body?.file_id
      if (given === undefined) throw new Error("a body of one kind was promised")
      const result = await addProductImage(ctx, params.id, given, query.name)
      return result.ok ? created(ctx, result.value) : result
    },
  ),
  endpoint(
    {
      operationId: "removeProductImage",
      method: "delete",
      path: "/products/{id}/images/{file_id}",
      tag: "Products",
      summary: "Take an image off a product",
      access: "catalog.product.edit",
      params: productImageParams,
      success: { status: 204, description: "The product no longer shows it." },
      errors: ["VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { params }) => {
      const { settle } = await claimProductImage(ctx, params.id, params.file_id)
      const result = await command(ctx, ctx.orgId, "removeProductImage", { productId: params.id, fileId: params.file_id })
      await settle()
      return result.ok ? reply.noContent() : result
    },
  ),
]
