import { readMovement } from "../../../durable-objects/supplier-ledger/client.ts"
import { routingOf } from "../../kernel/ids.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { listEndpoint, readEndpoint } from "../../platform/http/verbs.ts"
import { movementList, movementQuery, movementView, recordedView, recordMovementsInput } from "./movement-schemas.ts"
import { movementStore } from "./movement-store.ts"
import { movementEtag, movementOfRow, toMovementView } from "./movement-views.ts"
import { recordBatch, recordMovement } from "./record-movements.ts"

const tag = "Stock movements"

export const movementEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listStockMovements",
      path: "/stock-movements",
      tag,
      summary: "The journal of stock, newest first",
      description: "With `warehouse_id` or `type` at most 500 movements are looked at: a page may be short and still have a next_cursor.",
      access: "inventory.stock.read",
      query: movementQuery,
      success: { schema: movementList, description: "A page of movements." },
    },
    (ctx, { query }) => {
      const { product_id, warehouse_id, type, from, to } = query
      return pageById(
        "stock-movements",
        "mov",
        query,
        (within) => movementStore(ctx.db).page({ productId: product_id, locationId: warehouse_id, type, from, to, ...within }),
        (row) => toMovementView(movementOfRow(row)),
      )
    },
  ),
  endpoint(
    {
      operationId: "recordStockMovements",
      method: "post",
      path: "/stock-movements",
      tag,
      summary: "Record one movement, or a batch of up to 500",
      description:
        "The journal is append-only: what was wrong is put right by a new movement that names it in `corrects`. Stock that is held, recalled or out of date moves like any other. Of a batch the answer says what was recorded and, with `on_error: reject_failed`, which rows were not.",
      access: "inventory.movement.record",
      body: recordMovementsInput,
      success: { status: 201, schema: recordedView, description: "The movement, or what became of the batch." },
      errors: ["STOCK_INSUFFICIENT", "CONFLICT", "OFF_STEP"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      if ("rows" in body) {
        const batch = await recordBatch(ctx, body)
        if (!batch.ok) return batch
        const { movements, failed } = batch.value
        return reply.created({ data: movements.map(toMovementView), failed }, "/stock-movements")
      }
      const result = await recordMovement(ctx, body)
      if (!result.ok) return result
      const movement = result.value
      return reply.created(toMovementView(movement), `/stock-movements/${movement.id}`, { etag: movementEtag(movement) })
    },
  ),
  readEndpoint(
    {
      operationId: "getStockMovement",
      path: "/stock-movements/{id}",
      tag,
      summary: "One movement of stock",
      access: "inventory.stock.read",
      params: idParams("mov"),
      noun: "movement",
      success: { schema: movementView, description: "The movement." },
    },
    async (ctx, { params: { id } }) => {
      const row = await movementStore(ctx.db).byId(id)
      // D1 may not show yet what this organization recorded a moment ago.
      const own = row === undefined && routingOf(id) === routingOf(ctx.orgId) ? await readMovement(ctx, id) : undefined
      const movement = row === undefined ? own : movementOfRow(row)
      return movement === undefined ? undefined : { view: toMovementView(movement), etag: movementEtag(movement) }
    },
  ),
]
