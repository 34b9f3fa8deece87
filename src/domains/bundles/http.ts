import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { ProductId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageById, pageByKey } from "../../platform/http/page.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { idParams, pageQueryAlone } from "../../platform/http/schemas.ts"
import { deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { addComponentInput, availabilityView, bomList, bomQuery, componentList, componentView } from "./schemas.ts"
import { bundleStore, type Tree } from "./store.ts"
import { toAvailabilityView, toComponentView, toDeepBom, toDirectBom } from "./views.ts"

const tag = "Bundles"
const read = "catalog.product.read"
const edit = "catalog.product.edit"

const noSuchProduct = { code: "NOT_FOUND", detail: "There is no such product." } as const

async function treeOf(ctx: Ctx, id: ProductId): Promise<Tree> {
  const tree = await bundleStore(ctx.db).tree(id)
  if (tree === undefined) throw new RefusalError(noSuchProduct)
  return tree
}

export const bundleEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listBundleComponents",
      path: "/bundles",
      tag,
      summary: "List components of all bundles, newest first",
      access: read,
      query: pageQueryAlone,
      success: { schema: componentList, description: "A page of components." },
    },
    (ctx, { query }) =>
      pageById("bundle-components", "bcp", query, ({ after, rowsMax }) => bundleStore(ctx.db).all(after, rowsMax), toComponentView),
  ),
  endpoint(
    {
      operationId: "addBundleComponent",
      method: "post",
      path: "/bundles",
      tag,
      summary: "Add a component to a bundle",
      description: "What would make a bundle part of itself, on whatever level, is refused with the code CYCLE at `/child_id`.",
      access: edit,
      body: addComponentInput,
      success: { status: 201, schema: componentView, description: "The component." },
      errors: ["NOT_FOUND", "CONFLICT", "OFF_STEP", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const { parent_id, child_id, quantity, role = "PRIMARY" } = body
      const input = { parentId: parent_id, childId: child_id, quantityMilli: quantity, role }
      const result = await command(ctx, ctx.orgId, "addComponent", input)
      if (!result.ok) return result
      return reply.created(toComponentView(result.value), `/bundles/parent/${parent_id}/components`, { etag: etagOf(result.value.version) })
    },
  ),
  deleteEndpoint(
    {
      operationId: "removeBundleComponent",
      path: "/bundles/{id}",
      tag,
      summary: "Take a component out of its bundle",
      access: edit,
      params: idParams("bcp"),
      success: { description: "The bundle no longer holds it." },
      errors: ["NOT_FOUND", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    (ctx, { params }) => command(ctx, ctx.orgId, "removeComponent", { componentId: params.id }),
  ),
  listEndpoint(
    {
      operationId: "getBillOfMaterials",
      path: "/bundles/parent/{id}/components",
      tag,
      summary: "What a bundle is made of, directly or down to the leaves",
      description: "By the component's id. A product that is made of nothing has an empty page.",
      access: read,
      params: idParams("prd"),
      query: bomQuery,
      success: { schema: bomList, description: "A page of the bill of materials." },
    },
    (ctx, { params: { id }, query }) => {
      const isDeep = query.deep === true
      return pageByKey(
        `bill-of-materials-${isDeep ? "deep" : "direct"}`,
        ["string"],
        query,
        async ({ after: [after] = [""] }) => {
          const tree = await treeOf(ctx, id)
          return (isDeep ? toDeepBom(tree) : toDirectBom(tree)).filter((line) => line.child_id > after)
        },
        (line) => [line.child_id],
        (line) => line,
      )
    },
  ),
  listEndpoint(
    {
      operationId: "listBundlesOfComponent",
      path: "/bundles/child/{id}/bundles",
      tag,
      summary: "Where a product is used: the bundles that it is a component of, newest first",
      access: read,
      params: idParams("prd"),
      query: pageQueryAlone,
      success: { schema: componentList, description: "A page of components, one a bundle." },
    },
    (ctx, { params: { id }, query }) =>
      pageById(
        "bundles-of-component",
        "bcp",
        query,
        async ({ after, rowsMax }) => {
          const rows = await bundleStore(ctx.db).whereUsed(id, after, rowsMax)
          if (rows === undefined) throw new RefusalError(noSuchProduct)
          return rows
        },
        toComponentView,
      ),
  ),
  endpoint(
    {
      operationId: "getBundleAvailability",
      method: "get",
      path: "/bundles/parent/{id}/availability",
      tag,
      summary: "How many of a bundle can be built from stock now, and what limits it",
      description:
        "From what can be sold of that which the bundle comes apart into on the lowest level: what is reserved, held or expired is left out. Stock of the bundle itself, or of bundles in it, does not count: a kit is built when it is sold.",
      access: "inventory.stock.read",
      params: idParams("prd"),
      success: { status: 200, schema: availabilityView, description: "How many, and each component's share." },
    },
    async (ctx, { params: { id } }) => reply.ok(toAvailabilityView(await treeOf(ctx, id))),
  ),
]
