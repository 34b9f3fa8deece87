import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { eventTypes } from "../../platform/events/define-event.ts"
import { idView, instantView, lazily, listOf, pageQuery } from "../../platform/http/schemas.ts"

/** Which there are is asked when a request comes: every domain has declared its own by then. */
const typesInput = z
  .string()
  .min(1)
  .max(limits.cursorCharsMax)
  .transform((text) => [...new Set(text.split(",").map((type) => type.trim()))])
  .refine((types) => types.length <= limits.streamTypesMax, `At most ${limits.streamTypesMax} types.`)
  .refine((types) => types.every((type) => eventTypes.has(type)), "Must be names of event types, separated by commas.")
  .openapi({ type: "string", example: "order.accepted,order.rejected" })

export const eventQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    type: typesInput.optional().openapi({ description: "Only events of these types, separated by commas." }),
  }),
)

export const eventView = lazily(() =>
  z
    .object({
      id: idView("evt"),
      type: z.string().openapi({ example: "order.accepted" }),
      at: instantView,
      data: z.unknown().openapi({
        type: "object",
        description: "By type, as the side that receives it sees it.",
        example: { order_id: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq", number: "SO-1001", status: "ACCEPTED" },
      }),
    })
    .openapi("Event"),
)

export const eventList = listOf(eventView, "EventList")

export const streamText = z.string().openapi({
  description: "Server-Sent Events: `id` is a place in the stream, `event` the type, `data` the event as JSON.",
  example:
    'retry: 2000\n\nid: WyJldmVudC1zdHJlYW0iLDQxN10\nevent: order.accepted\ndata: {"id":"evt_01jd8x2y3zf4g5h6j7k8m9n0pq","type":"order.accepted","at":"2026-01-31T09:30:00.000Z","data":{"order_id":"ord_01jd8x2y3zf4g5h6j7k8m9n0pq"}}\n\n',
})
