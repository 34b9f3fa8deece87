import { z } from "@hono/zod-openapi"
import { type Behind, ledgerWatchOf } from "../../../durable-objects/ledger-watch/client.ts"
import { type Instant, second } from "../../kernel/time.ts"
import { endpoint } from "../../platform/http/endpoint.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { gaugeText, metrics } from "../../platform/log/metrics.ts"

const contentType = "text/plain; version=0.0.4; charset=utf-8"

export const getMetrics = endpoint(
  {
    operationId: "getMetrics",
    method: "get",
    path: "./metrics",
    tag: "System",
    summary: "Metrics as Prometheus text",
    description:
      "Requests, errors, latencies, D1 trips and rows, object calls and jobs as this isolate counted them; the outboxes as they are now.",
    access: "platform.metrics.read",
    success: {
      status: 200,
      description: "Prometheus text exposition, format 0.0.4.",
      contentType: "text/plain",
      schema: z.string().openapi({ example: 'waybill_requests_total{route="/health",method="GET",status="2xx"} 12' }),
    },
  },
  async (ctx) => {
    const behind = await ledgerWatchOf(ctx.env, ctx.meter)
      .behind()
      .catch((error: unknown) => {
        // The counters are wanted most of all when something else is down.
        log.error("ledger watch does not answer", { error: describeError(error) })
        return undefined
      })
    return new Response(metrics.render() + outboxText(behind, ctx.now), {
      headers: { "content-type": contentType, "cache-control": "no-store" },
    })
  },
)

/** How far ledgers are behind their projection; without an answer the gauges are left out, since zero would be a lie. */
export function outboxText(behind: Behind | undefined, now: Instant): string {
  const up = gaugeText("waybill_ledger_watch_up", "Whether LedgerWatch answered.", behind === undefined ? 0 : 1)
  if (behind === undefined) return up
  const age = behind.oldestSince === null ? 0 : Math.max(0, now - behind.oldestSince) / second
  return [
    up,
    gaugeText("waybill_outbox_ledgers_behind", "Ledgers whose outbox is late.", behind.count),
    gaugeText("waybill_outbox_depth", "Rows that wait in the late outboxes.", behind.depth),
    gaugeText("waybill_outbox_oldest_age_seconds", "Age of the oldest row that waits.", age),
  ].join("")
}
