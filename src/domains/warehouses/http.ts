import { command, readLocation } from "../../../durable-objects/supplier-ledger/client.ts"
import { may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint, readEndpoint } from "../../platform/http/verbs.ts"
import type { Location } from "./rules.ts"
import { createWarehouseInput, updateWarehouseInput, warehouseDetailView, warehouseList, warehouseQuery, warehouseView } from "./schemas.ts"
import { locationStore } from "./store.ts"
import {
  locationDetailOfRow,
  locationOfRow,
  termsOf,
  toWarehouseDetailView,
  toWarehouseView,
  warehouseDetailEtag,
  warehouseEtag,
} from "./views.ts"

const tag = "Warehouses"

/** A place of the caller's own. */
function shown(ctx: Ctx, place: Location) {
  const seen = { ...place, ownerId: ctx.orgId }
  return { view: toWarehouseView(seen), etag: warehouseEtag(seen, true) }
}

export const warehouseEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listWarehouses",
      path: "/warehouses",
      tag,
      summary: "Own places that hold stock, and those operated for others, newest first",
      description:
        "An organization that operates a place for another sees it beside its own, with whose it is (owner_id), and cannot change it. With kind at most 500 are looked at: a page may be short and still have a next_cursor.",
      access: "inventory.warehouse.read",
      query: warehouseQuery,
      success: { schema: warehouseList, description: "A page of warehouses." },
    },
    (ctx, { query }) =>
      pageById(
        "warehouses",
        "whs",
        query,
        (within) => locationStore(ctx.db).page({ kind: query.kind, ...within }),
        (row) => toWarehouseView(locationOfRow(row)),
      ),
  ),
  createEndpoint(
    {
      operationId: "createWarehouse",
      path: "/warehouses",
      tag,
      summary: "Create a place that holds stock",
      description:
        "A warehouse, a CFA depot, a stockist, a store, a quarantine or goods on their way. It may be operated by an organization that buys under an approved link (403 LINK_NOT_APPROVED otherwise), which then sees it and the stock there, and nothing else.",
      access: "inventory.warehouse.edit",
      body: createWarehouseInput,
      success: { schema: warehouseView, description: "The warehouse." },
      errors: ["CONFLICT", "LINK_NOT_APPROVED", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const { code, name } = body
      const terms = { kind: "WAREHOUSE", address: null, capacityMilli: null, operatorId: null, ...termsOf(body), code, name } as const
      const result = await command(ctx, ctx.orgId, "createLocation", terms)
      return result.ok ? shown(ctx, result.value) : result
    },
  ),
  readEndpoint(
    {
      operationId: "getWarehouse",
      path: "/warehouses/{id}",
      tag,
      noun: "warehouse",
      summary: "One warehouse, own or operated for another organization",
      access: "inventory.warehouse.read",
      params: idParams("whs"),
      description: "With how full it is, as far as reads show its movements.",
      success: { schema: warehouseDetailView, description: "The warehouse, and what it holds beside its capacity." },
    },
    async (ctx, { params }) => {
      const row = await locationStore(ctx.db).byId(params.id)
      // D1 may not show a place yet that was made, or given to this organization to run, a moment ago.
      const place = row === undefined ? await readLocation(ctx, params.id) : locationDetailOfRow(row)
      if (place === undefined) return undefined
      const seesStock = may(ctx.actor, "inventory.stock.read")
      return { view: toWarehouseDetailView(place, seesStock), etag: warehouseDetailEtag(place, place.ownerId === ctx.orgId, seesStock) }
    },
  ),
  endpoint(
    {
      operationId: "updateWarehouse",
      method: "patch",
      path: "/warehouses/{id}",
      tag,
      summary: "Change a warehouse, or who operates it",
      description:
        "operator_id names the organization that runs it from now on, or null for nobody but its owner: whoever ran it before sees it no more. A kind that begins or ceases to sell (QUARANTINE, IN_TRANSIT) frees what is reserved there. The default warehouse always sells, and goods on their way have a place that keeps its code and kind.",
      access: "inventory.warehouse.edit",
      params: idParams("whs"),
      body: updateWarehouseInput,
      success: { status: 200, schema: warehouseView, description: "The warehouse as it is now." },
      errors: ["CONFLICT", "LINK_NOT_APPROVED", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { params, body }) => {
      const result = await command(ctx, ctx.orgId, "updateLocation", { ...termsOf(body), locationId: params.id })
      return result.ok ? reply.shown(shown(ctx, result.value)) : result
    },
  ),
  deleteEndpoint(
    {
      operationId: "deleteWarehouse",
      path: "/warehouses/{id}",
      tag,
      summary: "Delete an empty warehouse",
      description:
        "409 while it holds or expects goods, and for the default one. The journal goes on naming it, so its code stays taken; goods that an order took from it and that come back open it again.",
      access: "inventory.warehouse.delete",
      params: idParams("whs"),
      success: { description: "Deleted." },
      errors: ["CONFLICT", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    (ctx, { params }) => command(ctx, ctx.orgId, "archiveLocation", { locationId: params.id }),
  ),
]
