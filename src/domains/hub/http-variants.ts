import { readProduct } from "../../../durable-objects/supplier-ledger/client.ts"
import { routingOf } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { Endpoint } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { createEndpoint, listEndpoint, readEndpoint } from "../../platform/http/verbs.ts"
import { type ProductFacts, productEtag, productOfRow, sightOf } from "../catalog/index.ts"
import { createVariant } from "./create-variant.ts"
import { createVariantInput, skuParams, variantList, variantQuery, variantView } from "./schemas.ts"
import { hubStore } from "./store.ts"
import { toVariantViews } from "./views.ts"

const tag = "Product hub"
const read = "catalog.product.read"

async function shown(ctx: Ctx, variant: ProductFacts) {
  const [view] = await toVariantViews(ctx, [variant])
  if (view === undefined) throw new Error("each variant has a view")
  return { view, etag: productEtag(ctx, variant, sightOf(ctx.actor, ctx.orgId, true)) }
}

export const variantEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listVariants",
      path: "/variants",
      tag,
      summary: "List variants, newest first",
      description: "Archived ones are left out.",
      access: read,
      query: variantQuery,
      success: { schema: variantList, description: "A page of variants." },
    },
    async (ctx, { query: { identity_id: identityId, ...query } }) => {
      const page = await pageById("variants", "prd", query, (within) => hubStore(ctx.db).variants({ identityId, ...within }), productOfRow)
      return { ...page, data: await toVariantViews(ctx, page.data) }
    },
  ),
  createEndpoint(
    {
      operationId: "createVariant",
      path: "/variants",
      tag,
      summary: "Create a sellable product from an identity, or attach one that there is",
      description:
        "It is a product like any other, with an SKU that is generated and never changes: edit, order and archive it as one. With `product_id` no product is made: that one, made without an identity, becomes the variant and gives up its own SKU; its id, price, stock and orders stay, and it is attached once and for good (CONFLICT).",
      access: "catalog.product.edit",
      body: createVariantInput,
      success: { schema: variantView, description: "The variant." },
      errors: ["NOT_FOUND", "CONFLICT", "OFF_STEP", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const result = await createVariant(ctx, body)
      return result.ok ? shown(ctx, result.value) : result
    },
  ),
  readEndpoint(
    {
      operationId: "getVariant",
      path: "/variants/{id}",
      tag,
      summary: "One variant",
      access: read,
      params: idParams("prd"),
      noun: "variant",
      success: { schema: variantView, description: "The variant." },
    },
    async (ctx, { params: { id } }) => {
      const row = await hubStore(ctx.db).variant(id)
      if (row !== undefined) return shown(ctx, productOfRow(row))
      // D1 may not show a variant yet that this organization made a moment ago.
      const own = routingOf(id) === routingOf(ctx.orgId) ? await readProduct(ctx, id) : undefined
      return own !== undefined && own.identityId !== null && own.archivedAt === null ? shown(ctx, own) : undefined
    },
  ),
  readEndpoint(
    {
      operationId: "getVariantBySku",
      path: "/variants/sku/{full_sku}",
      tag,
      summary: "One variant by its SKU",
      access: read,
      params: skuParams,
      noun: "variant",
      success: { schema: variantView, description: "The variant." },
      errors: ["NOT_FOUND"],
    },
    async (ctx, { params: { full_sku } }) => {
      const row = await hubStore(ctx.db).variantBySku(full_sku)
      return row === undefined ? undefined : shown(ctx, productOfRow(row))
    },
  ),
]
