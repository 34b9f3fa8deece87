import { z } from "@hono/zod-openapi"
import { and, desc, eq, lt } from "drizzle-orm"
import type { DeadLetterId } from "../../kernel/ids.ts"
import { refuse } from "../../kernel/result.ts"
import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import { assertOnPlatform } from "../../platform/auth/actor.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import { type AcrossDb, acrossTenants } from "../../platform/db/tenant-db.ts"
import { replayLetter } from "../../platform/events/dead-letters.ts"
import { type DeadLetterRow, deadLetters } from "../../platform/events/tables.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { enumInput, idParams, idView, instantView, lazily, listOf, pageQuery } from "../../platform/http/schemas.ts"
import { listEndpoint } from "../../platform/http/verbs.ts"

const deadLetterView = lazily(() =>
  z
    .object({
      id: idView("dlt"),
      queue: z.string().openapi({ example: "waybill-events" }),
      body: z.unknown().openapi({
        type: ["object", "null"],
        description: "The message as it was sent; of `kind` `event`, one event that one subscriber kept failing at.",
        example: {
          kind: "event",
          org_id: "org_01jd8x2y3zf4g5h6j7k8m9n0pq",
          event_id: "evt_01jd8x2y3zf4g5h6j7k8m9n0pq",
          subscriber: "webhooks",
        },
      }),
      attempts: z.int().openapi({ example: 5 }),
      error: z
        .string()
        .nullable()
        .openapi({ description: "The last failure, where it is known.", example: "TypeError: total is not a number" }),
      status: z.enum(["WAITING", "REPLAYED"]),
      first_seen_at: instantView,
      replayed_at: instantView.nullable(),
    })
    .openapi("DeadLetter"),
)

const toView = (row: DeadLetterRow) => ({
  id: row.id,
  queue: row.queue,
  body: row.body,
  attempts: row.attempts,
  error: row.error,
  status: row.status,
  first_seen_at: formatInstant(row.firstSeenAt),
  replayed_at: formatInstantOrNull(row.replayedAt),
})

const query = lazily(() =>
  z.strictObject({
    ...pageQuery,
    status: enumInput(["WAITING", "REPLAYED"]).optional().openapi({ description: "Only those that wait, or that were replayed." }),
  }),
)

const lettersOf = (ctx: Ctx): AcrossDb => {
  assertOnPlatform(ctx.orgId)
  return acrossTenants(ctx.env, ctx.meter, "operators read and replay dead letters")
}

export const deadLetterEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listDeadLetters",
      path: "/admin/dead-letters",
      tag: "Admin",
      summary: "Queue messages that failed for good, newest first",
      description: "Among them events that one subscriber kept failing at; the other subscribers have had those.",
      access: "platform.dead-letter.operate",
      query,
      success: { schema: listOf(deadLetterView, "DeadLetterList"), description: "A page of dead letters." },
    },
    (ctx, { query: { status, ...page } }) => {
      const db = lettersOf(ctx)
      const fetch = (before: DeadLetterId | undefined, rowsMax: number) =>
        db.many(deadLetters, {
          where: and(
            status === undefined ? undefined : eq(deadLetters.status, status),
            before === undefined ? undefined : lt(deadLetters.id, before),
          ),
          orderBy: [desc(deadLetters.id)],
          limit: rowsMax,
          ...(status === undefined ? {} : { indexedBy: "dead_letters_status" }),
        })
      return pageById("dead-letters", "dlt", page, ({ after, rowsMax }) => fetch(after, rowsMax), toView)
    },
  ),
  endpoint(
    {
      operationId: "replayDeadLetter",
      method: "post",
      path: "/admin/dead-letters/{id}/replay",
      tag: "Admin",
      summary: "Try a message that failed for good once more",
      description:
        "It goes into its queue again, whose consumers do nothing twice. If it fails again it comes back as another dead letter.",
      access: "platform.dead-letter.operate",
      params: idParams("dlt"),
      success: { status: 200, schema: deadLetterView, description: "The letter, REPLAYED." },
      errors: ["NOT_FOUND", "INVALID_TRANSITION", "IDEMPOTENCY_KEY_REUSED"],
    },
    async (ctx, { params: { id } }) => {
      const db = lettersOf(ctx)
      const letter = await db.one(deadLetters, eq(deadLetters.id, id))
      if (letter === undefined) return refuse("NOT_FOUND", "There is no such dead letter.")
      const current = { current: letter.status, allowed: [] }
      if (letter.status !== "WAITING") return refuse("INVALID_TRANSITION", "The message was replayed already.", current)
      await replayLetter(ctx.env, ctx.meter, letter, ctx.now)
      const after: DeadLetterRow = { ...letter, status: "REPLAYED", replayedAt: ctx.now }
      ctx.work
        .add(
          db.update(deadLetters, and(eq(deadLetters.id, id), eq(deadLetters.status, "WAITING")), {
            status: after.status,
            replayedAt: ctx.now,
          }),
          guardChanged("INVALID_TRANSITION"),
        )
        .audit(ctx.db, {
          action: "platform.dead-letter.replay",
          entity: "dead_letter",
          entityId: id,
          before: toView(letter),
          after: toView(after),
        })
      return reply.ok(toView(after))
    },
  ),
]
