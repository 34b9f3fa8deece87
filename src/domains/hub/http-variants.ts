import { readProduct } from "../../../durable-objects/supplier-ledger/client.ts"
import { isId, routingOf } from "../../kernel/ids.ts"
import { refuse } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint, type HandlerResult } from "../../platform/http/endpoint.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { type ProductFacts, productEtag, productOfRow, sightOf } from "../catalog/index.ts"
import { createVariant } from "./create-variant.ts"
import { createVariantInput, skuParams, variantList, variantQuery, variantView } from "./schemas.ts"
import { hubStore } from "./store.ts"
import { toVariantViews } from "./views.ts"

const tag = "Product hub"
const read = "catalog.product.read"
const variantsKind = "variants"

const etagFor = (ctx: Ctx, variant: ProductFacts): string => productEtag(ctx, variant, sightOf(ctx.actor, ctx.orgId, true))

async function shown(ctx: Ctx, variant: ProductFacts | undefined): Promise<HandlerResult> {
  if (variant === undefined) return refuse("NOT_FOUND", "There is no such variant.")
  const [view] = await toVariantViews(ctx, [variant])
  return reply.ok(view, { etag: etagFor(ctx, variant) })
}

export const variantEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "listVariants",
      method: "get",
      path: "/variants",
      tag,
      summary: "List variants, newest first",
      description: "Archived ones are left out.",
      access: read,
      query: variantQuery,
      success: { status: 200, schema: variantList, description: "A page of variants." },
      isList: true,
    },
    async (ctx, { query: { limit, cursor, identity_id } }) => {
      const [key] = readCursor(variantsKind, ["string"], cursor) ?? []
      const after = typeof key === "string" && isId("prd", key) ? key : undefined
      const rows = await hubStore(ctx.db).variants({ identityId: identity_id, after, rowsMax: limit + 1 })
      const page = pageOf(
        rows,
        limit,
        variantsKind,
        (row) => [row.id],
        (row) => productOfRow(row),
      )
      return reply.ok({ ...page, data: await toVariantViews(ctx, page.data) })
    },
  ),
  endpoint(
    {
      operationId: "createVariant",
      method: "post",
      path: "/variants",
      tag,
      summary: "Create a sellable product from an identity, or attach one that there is",
      description:
        "It is a product like any other, with an SKU that is generated and never changes: edit, order and archive it as one. With `product_id` no product is made: that one, made without an identity, becomes the variant and gives up its own SKU; its id, price, stock and orders stay, and it is attached once and for good (CONFLICT).",
      access: "catalog.product.edit",
      body: createVariantInput,
      success: { status: 201, schema: variantView, description: "The variant." },
      errors: ["NOT_FOUND", "CONFLICT", "OFF_STEP", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const result = await createVariant(ctx, body)
      if (!result.ok) return result
      const [view] = await toVariantViews(ctx, [result.value])
      return reply.created(view, `/variants/${result.value.id}`, { etag: etagFor(ctx, result.value) })
    },
  ),
  endpoint(
    {
      operationId: "getVariant",
      method: "get",
      path: "/variants/{id}",
      tag,
      summary: "One variant",
      access: read,
      params: idParams("prd"),
      success: { status: 200, schema: variantView, description: "The variant." },
    },
    async (ctx, { params: { id } }) => {
      const row = await hubStore(ctx.db).variant(id)
      if (row !== undefined) return shown(ctx, productOfRow(row))
      // D1 may not show a variant yet that this organization made a moment ago.
      const own = routingOf(id) === routingOf(ctx.orgId) ? await readProduct(ctx, id) : undefined
      return shown(ctx, own !== undefined && own.identityId !== null && own.archivedAt === null ? own : undefined)
    },
  ),
  endpoint(
    {
      operationId: "getVariantBySku",
      method: "get",
      path: "/variants/sku/{full_sku}",
      tag,
      summary: "One variant by its SKU",
      access: read,
      params: skuParams,
      success: { status: 200, schema: variantView, description: "The variant." },
      errors: ["NOT_FOUND"],
    },
    async (ctx, { params: { full_sku } }) => {
      const row = await hubStore(ctx.db).variantBySku(full_sku)
      return shown(ctx, row === undefined ? undefined : productOfRow(row))
    },
  ),
]
