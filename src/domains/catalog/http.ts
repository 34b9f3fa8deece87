import { command, readProduct } from "../../../durable-objects/supplier-ledger/client.ts"
import { routingOf } from "../../kernel/ids.ts"
import { may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint, uploadEndpoint } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint, readEndpoint } from "../../platform/http/verbs.ts"
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

const editErrors = ["CONFLICT", "OFF_STEP", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"] as const

type Terms = Omit<SeenProduct, "product">
const noTerms: Terms = { sharesStock: false, prices: undefined, termsSeq: 0 }

async function shown(ctx: Ctx, product: ProductDetail, { sharesStock, prices, termsSeq } = noTerms) {
  const sight = sightOf(ctx.actor, product.supplierId, sharesStock)
  const view = toProductDetailView(product, sight, await imageUrls(ctx, [product]), prices)
  return { view, etag: productEtag(ctx, product, sight, Math.max(termsSeq, minimumsSeq(product))) }
}

export const catalogEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listCatalog",
      path: "/products/catalog",
      tag: "Products",
      summary: "Products of suppliers with an approved link, and one's own",
      description:
        "Comes by supplier and name. `price` is the supplier's own price, `unit_price` what a unit costs the caller by its link's terms at the minimum quantity; price bounds go by the caller's price before quantity tiers, sort=price by the supplier's own. With in_stock or price bounds at most 500 products are looked at: a page may be short and still have a next_cursor. The catalog of a supplier without an approved link is an empty page.",
      access: "catalog.product.read",
      query: catalogQuery,
      success: { schema: productList, description: "A page of products." },
    },
    (ctx, { query }) => listCatalog(ctx, query),
  ),
  listEndpoint(
    {
      operationId: "listProducts",
      path: "/products",
      tag: "Products",
      summary: "Own organization's products, newest first",
      description: "Inactive ones are shown to those who may edit.",
      access: "catalog.product.read",
      query: ownProductsQuery,
      success: { schema: productList, description: "A page of products." },
    },
    async (ctx, { query }) => {
      const isActive = may(ctx.actor, "catalog.product.edit") ? query.is_active : true
      const page = await pageById("products", "prd", query, (within) => catalogStore(ctx.db).own({ isActive, ...within }), productOfRow)
      const sight = sightOf(ctx.actor, ctx.orgId, true)
      const urls = await imageUrls(ctx, page.data)
      return { ...page, data: page.data.map((product) => toProductView(product, sight, urls)) }
    },
  ),
  createEndpoint(
    {
      operationId: "createProduct",
      path: "/products",
      tag: "Products",
      summary: "Create a product, with its opening stock",
      access: "catalog.product.edit",
      body: createProductInput,
      success: { schema: productView, description: "The product." },
      errors: ["CONFLICT", "OFF_STEP", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const result = await command(ctx, ctx.orgId, "createProduct", createProductOf(body))
      return result.ok ? shown(ctx, result.value) : result
    },
  ),
  readEndpoint(
    {
      operationId: "getProduct",
      path: "/products/{id}",
      tag: "Products",
      summary: "One product, own or of a linked supplier",
      access: "catalog.product.read",
      params: idParams("prd"),
      noun: "product",
      success: { schema: productView, description: "The product." },
    },
    async (ctx, { params }) => {
      const seen = await catalogStore(ctx.db).byId(params.id)
      if (seen !== undefined) return shown(ctx, { ...productOfRow(seen.product), minimums: seen.minimums }, seen)
      // D1 may not show a product yet that this organization made a moment ago.
      const own = routingOf(params.id) === routingOf(ctx.orgId) ? await readProduct(ctx, params.id) : undefined
      return own === undefined ? undefined : shown(ctx, own)
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
      return result.ok ? reply.shown(await shown(ctx, result.value)) : result
    },
  ),
  deleteEndpoint(
    {
      operationId: "archiveProduct",
      path: "/products/{id}",
      tag: "Products",
      summary: "Archive a product",
      description: "It leaves the catalog and gives up its SKU; orders and history keep it.",
      access: "catalog.product.edit",
      params: idParams("prd"),
      success: { description: "Archived." },
      errors: ["VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    (ctx, { params }) => command(ctx, ctx.orgId, "archiveProduct", { productId: params.id }),
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
      if (!result.ok) return result
      const { view, etag } = await shown(ctx, result.value)
      return reply.created(view, `/products/${params.id}`, { etag })
    },
  ),
  deleteEndpoint(
    {
      operationId: "removeProductImage",
      path: "/products/{id}/images/{file_id}",
      tag: "Products",
      summary: "Take an image off a product",
      access: "catalog.product.edit",
      params: productImageParams,
      success: { description: "The product no longer shows it." },
      errors: ["VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { params }) => {
      const { settle } = await claimProductImage(ctx, params.id, params.file_id)
      const result = await command(ctx, ctx.orgId, "removeProductImage", { productId: params.id, fileId: params.file_id })
      await settle()
      return result
    },
  ),
]
