import { command, readUnit, readUnitSummary } from "../../../durable-objects/supplier-ledger/client.ts"
import { routingOf } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { refuse } from "../../kernel/result.ts"
import { hour } from "../../kernel/time.ts"
import { may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint, type HandlerResult } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply, type Shown } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { listEndpoint, readEndpoint } from "../../platform/http/verbs.ts"
import { receiveUnits } from "./receive-units.ts"
import type { HandleUnit } from "./rules.ts"
import {
  comeBackInput,
  countsView,
  moveInput,
  reasonInput,
  receivedView,
  receiveUnitsInput,
  reserveInput,
  summaryParams,
  unitList,
  unitQuery,
  unitView,
} from "./schemas.ts"
import { unitStore } from "./store.ts"
import { type SeenUnit, toCountsView, toUnitSummary, toUnitView, unitEtag } from "./views.ts"

const tag = "Units"

const shown = (unit: SeenUnit): Shown => ({ view: toUnitView(unit), etag: unitEtag(unit) })

async function handle(ctx: Ctx, input: HandleUnit): Promise<HandlerResult> {
  const result = await command(ctx, ctx.orgId, "handleUnit", input)
  return result.ok ? reply.shown(shown(result.value)) : result
}

const success = { status: 200, schema: unitView, description: "The unit in its new state." } as const
const sold = "What lies in a lot that is held, recalled or out of date, or in quarantine, is refused with CONFLICT."

export const unitEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "getUnitCounts",
      method: "get",
      path: "/inventory/summary/{product_id}",
      tag,
      summary: "How many units of a product are in which state",
      description: "From the ledger itself, beside what there is of the product in all.",
      access: "inventory.stock.read",
      params: summaryParams,
      success: { status: 200, schema: countsView, description: "Units by state, and quantities over all places." },
    },
    async (ctx, { params }) => {
      const counts = await readUnitSummary(ctx, params.product_id)
      return counts === undefined ? refuse("NOT_FOUND", "There is no such product.") : reply.ok(toCountsView(counts))
    },
  ),
  listEndpoint(
    {
      operationId: "listUnits",
      path: "/inventory/items",
      tag,
      summary: "Serialized units, newest first",
      description: `With several filters at most ${limits.filterScanRowsMax} units are looked at: a page may be short and still have a next_cursor.`,
      access: "inventory.stock.read",
      query: unitQuery,
      success: { schema: unitList, description: "A page of units, without their history." },
    },
    (ctx, { query }) => {
      const { product_id: productId, status, serial, warehouse_id: locationId } = query
      return pageById(
        "units",
        "unt",
        query,
        (within) => unitStore(ctx.db).page({ productId, status, serial, locationId, ...within }),
        toUnitSummary,
      )
    },
  ),
  endpoint(
    {
      operationId: "receiveUnits",
      method: "post",
      path: "/inventory/items",
      tag,
      summary: "Receive serialized units, one or many",
      description: `Up to ${limits.unitsPerReceiptMax}, all or none. Each is one more on hand at its place. Serials that are taken are refused with CONFLICT and named in \`serials\`. What a GS1 label says (\`gs1\`) need not be typed. One unit answers with itself, many with \`items\`.`,
      access: "inventory.unit.receive",
      body: receiveUnitsInput,
      success: { status: 201, schema: receivedView, description: "The unit, or the units, AVAILABLE." },
      errors: ["CONFLICT", "OFF_STEP"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const result = await receiveUnits(ctx, body)
      if (!result.ok) return result
      const { id, units } = result.value
      const [single] = units
      if ("serial" in body && body.serial !== undefined && single !== undefined)
        return reply.created(toUnitView(single), `/inventory/items/${id}`, { etag: unitEtag(single) })
      return reply.created({ items: units.map(toUnitSummary) }, "/inventory/items")
    },
  ),
  readEndpoint(
    {
      operationId: "getUnit",
      path: "/inventory/items/{id}",
      tag,
      summary: "One unit with its history",
      access: "inventory.stock.read",
      params: idParams("unt"),
      noun: "unit",
      success: { schema: unitView, description: "The unit." },
    },
    async (ctx, { params }) => {
      const seen = await unitStore(ctx.db).byId(params.id)
      if (seen !== undefined) return shown(seen)
      // D1 may not show a unit yet that came in a moment ago.
      const own = routingOf(params.id) === routingOf(ctx.orgId) ? await readUnit(ctx, params.id) : undefined
      return own === undefined ? undefined : shown(own)
    },
  ),
  endpoint(
    {
      operationId: "reserveUnit",
      method: "post",
      path: "/inventory/items/{id}/reserve",
      tag,
      summary: "Reserve a unit for a time",
      description: `From AVAILABLE. When the time is over it is AVAILABLE again by itself. STOCK_INSUFFICIENT where orders were promised all that is left at its place. ${sold}`,
      access: "inventory.unit.reserve",
      params: idParams("unt"),
      body: reserveInput,
      success,
      errors: ["INVALID_TRANSITION", "STOCK_INSUFFICIENT", "CONFLICT"],
      writer: "ledger",
    },
    (ctx, { params, body }) =>
      handle(ctx, {
        unitId: params.id,
        verb: "reserve",
        reason: body?.reason ?? null,
        holdMs: Math.ceil((body?.hours ?? ctx.config.UNIT_RESERVATION_HOURS) * hour),
      }),
  ),
  endpoint(
    {
      operationId: "releaseUnit",
      method: "post",
      path: "/inventory/items/{id}/release",
      tag,
      summary: "End a unit's reservation, or put one that came back on sale again",
      description: "From RESERVED, or from RMA: then it is one more on hand at `warehouse_id`, which needs inventory.unit.handle, too.",
      access: "inventory.unit.reserve",
      params: idParams("unt"),
      body: comeBackInput,
      success,
      errors: ["INVALID_TRANSITION"],
      writer: "ledger",
    },
    (ctx, { params, body }) =>
      handle(ctx, {
        unitId: params.id,
        verb: "release",
        reason: body?.reason ?? null,
        mayRestore: may(ctx.actor, "inventory.unit.handle"),
        ...placed(body?.warehouse_id),
      }),
  ),
  endpoint(
    {
      operationId: "sellUnit",
      method: "post",
      path: "/inventory/items/{id}/sell",
      tag,
      summary: "Mark a unit sold",
      description: `From AVAILABLE or RESERVED, for a sale that no order here stands for; orders sell units themselves. It leaves what is on hand. ${sold}`,
      access: "inventory.unit.sell",
      params: idParams("unt"),
      body: reasonInput,
      success,
      errors: ["INVALID_TRANSITION", "STOCK_INSUFFICIENT", "CONFLICT"],
      writer: "ledger",
    },
    (ctx, { params, body }) => handle(ctx, { unitId: params.id, verb: "sell", reason: body?.reason ?? null }),
  ),
  endpoint(
    {
      operationId: "moveUnit",
      method: "post",
      path: "/inventory/items/{id}/move",
      tag,
      summary: "Move a unit to another place, or say that it arrived",
      description: "From AVAILABLE, at once or by way of IN_TRANSIT; from IN_TRANSIT to where it arrived.",
      access: "inventory.unit.handle",
      params: idParams("unt"),
      body: moveInput,
      success,
      errors: ["INVALID_TRANSITION", "STOCK_INSUFFICIENT"],
      writer: "ledger",
    },
    (ctx, { params, body }) =>
      handle(ctx, {
        unitId: params.id,
        verb: "move",
        reason: body.reason ?? null,
        viaTransit: body.via_transit === true,
        ...placed(body.to_warehouse_id),
      }),
  ),
  endpoint(
    {
      operationId: "damageUnit",
      method: "post",
      path: "/inventory/items/{id}/damage",
      tag,
      summary: "Mark a unit damaged",
      description: "From AVAILABLE, RESERVED, IN_TRANSIT or RMA. It is no longer on hand; its reservation ends.",
      access: "inventory.unit.handle",
      params: idParams("unt"),
      body: reasonInput,
      success,
      errors: ["INVALID_TRANSITION", "STOCK_INSUFFICIENT"],
      writer: "ledger",
    },
    (ctx, { params, body }) => handle(ctx, { unitId: params.id, verb: "damage", reason: body?.reason ?? null }),
  ),
  endpoint(
    {
      operationId: "returnUnit",
      method: "post",
      path: "/inventory/items/{id}/return",
      tag,
      summary: "Take a unit back under RMA",
      description:
        "From SOLD or DAMAGED. It is not on hand before it is released. What an order took comes back so once the order is COMPLETED (CONFLICT before: cancelling gives it back).",
      access: "inventory.unit.handle",
      params: idParams("unt"),
      body: comeBackInput,
      success,
      errors: ["INVALID_TRANSITION", "CONFLICT"],
      writer: "ledger",
    },
    (ctx, { params, body }) =>
      handle(ctx, { unitId: params.id, verb: "return", reason: body?.reason ?? null, ...placed(body?.warehouse_id) }),
  ),
]

const placed = (locationId: HandleUnit["locationId"]) => (locationId === undefined ? {} : { locationId })
