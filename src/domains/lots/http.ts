import { command, readLotTrace } from "../../../durable-objects/supplier-ledger/client.ts"
import type { ProductId } from "../../kernel/ids.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { reply } from "../../platform/http/reply.ts"
import { holdLotInput, lotParams, lotQuery, lotView, recallLotInput, recallView, traceView } from "./schemas.ts"
import { lotEtag, toLotView, toRecallView, toTraceView } from "./views.ts"

const tag = "Inventory"
const stepErrors = ["NOT_FOUND", "INVALID_TRANSITION", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"] as const

/** A lot as the request names it. */
const named = ({ params, query }: { params: { lot_number: string }; query: { product_id?: ProductId | undefined } }) => ({
  lotNumber: params.lot_number,
  ...(query.product_id === undefined ? {} : { productId: query.product_id }),
})

export const lotEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "traceLot",
      method: "get",
      path: "/inventory/lots/{lot_number}/trace",
      tag,
      summary: "Where a lot came from, and every order it went to",
      description:
        "One call, both ways: receipts with their reference, orders and buyers with what they have, transfers, and what is on hand where.",
      access: "inventory.lot.trace",
      params: lotParams,
      query: lotQuery,
      success: { status: 200, schema: traceView, description: "The lot, backward and forward." },
      errors: ["NOT_FOUND"],
    },
    async (ctx, input) => {
      const trace = await readLotTrace(ctx, named(input))
      return trace.ok ? reply.ok(toTraceView(trace.value)) : trace
    },
  ),
  endpoint(
    {
      operationId: "holdLot",
      method: "post",
      path: "/inventory/lots/{lot_number}/quarantine",
      tag,
      summary: "Hold a lot, or release it",
      description: "What is held is not sold; it can still be moved, returned or destroyed. What was reserved of it is free again.",
      access: "inventory.lot.hold",
      params: lotParams,
      query: lotQuery,
      body: holdLotInput,
      success: { status: 200, schema: lotView, description: "The lot as it is now." },
      errors: stepErrors,
      writer: "ledger",
    },
    async (ctx, input) => {
      const { hold, reason } = input.body
      const status = hold ? "QUARANTINED" : "ACTIVE"
      const result = await command(ctx, ctx.orgId, "setLotStatus", { ...named(input), status, reason: reason ?? null })
      return result.ok ? reply.ok(toLotView(result.value), { etag: lotEtag(result.value.lot) }) : result
    },
  ),
  endpoint(
    {
      operationId: "recallLot",
      method: "post",
      path: "/inventory/lots/{lot_number}/recall",
      tag,
      summary: "Recall a lot, and tell every buyer who has some of it",
      description:
        "For good: nothing of the lot is sold or taken in any more but what is RETURNED. Each buyer is told of its own orders, in the app and by mail.",
      access: "inventory.lot.recall",
      params: lotParams,
      query: lotQuery,
      body: recallLotInput,
      success: { status: 200, schema: recallView, description: "The lot, and who has how much of it by which orders." },
      errors: stepErrors,
      writer: "ledger",
    },
    async (ctx, input) => {
      const result = await command(ctx, ctx.orgId, "setLotStatus", { ...named(input), status: "RECALLED", reason: input.body.reason })
      return result.ok ? reply.ok(toRecallView(result.value), { etag: lotEtag(result.value.lot) }) : result
    },
  ),
]
