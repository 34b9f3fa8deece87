import { toEventView } from "../../platform/events/sse.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { readEndpoint } from "../../platform/http/verbs.ts"
import { eventPermissions, visibleTo, wantsStream } from "./rules.ts"
import { eventList, eventQuery, eventView, streamText } from "./schemas.ts"
import { eventStore, type Visible } from "./store.ts"
import { openStream } from "./stream.ts"

const listKind = "events"

/** Events never change, so each is for ever of its first version. */
const onlyVersion = etagOf(1)

const visible = (ctx: Ctx, types: readonly string[] | null): Visible => ({ permissions: visibleTo(ctx.actor.permissions), types })

export const eventEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "listEvents",
      method: "get",
      path: "/events",
      tag: "Events",
      summary: "What happened in my organization: as a stream, or the recent ones",
      description: [
        "With `Accept: text/event-stream` the answer stays open and sends each event as it happens, in order. After a break,",
        "`Last-Event-ID` brings everything that was missed, without a gap or a repetition; who missed more than 1,000 events",
        "gets one event `reset` instead, reads its lists anew and goes on. The stream ends when the token does.",
        "Otherwise the answer is JSON, the newest first; it looks at 500 events at most, so a page may be short and still have a next_cursor.",
        "Only events whose subject the caller may read are shown.",
      ].join(" "),
      access: eventPermissions,
      query: eventQuery,
      success: { status: 200, schema: eventList, description: "A page of events.", orAs: { "text/event-stream": streamText } },
      isList: true,
    },
    async (ctx, { query }) => {
      const seen = visible(ctx, query.type ?? null)
      if (wantsStream(ctx.headers.get("accept"))) return openStream(ctx, seen)
      const [before] = readCursor(listKind, ["number"], query.cursor) ?? []
      const { rows, stoppedAt } = await eventStore(ctx.db).page(seen, typeof before === "number" ? before : undefined, query.limit + 1)
      return reply.ok(
        pageOf(rows, query.limit, listKind, (row) => [row.seq], toEventView, stoppedAt === undefined ? undefined : [stoppedAt]),
        { headers: { vary: "accept" } },
      )
    },
  ),
  readEndpoint(
    {
      operationId: "getEvent",
      path: "/events/{id}",
      tag: "Events",
      summary: "One event",
      access: eventPermissions,
      params: idParams("evt"),
      noun: "event",
      success: { schema: eventView, description: "The event." },
    },
    async (ctx, { params }) => {
      const row = await eventStore(ctx.db).byId(params.id, visible(ctx, null))
      return row === undefined ? undefined : { view: toEventView(row), etag: onlyVersion }
    },
  ),
]
