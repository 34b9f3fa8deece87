import { type AuditId, isId } from "../../kernel/ids.ts"
import type { AuditRow } from "../../platform/events/tables.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { endpoint } from "../../platform/http/endpoint.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { logOf } from "./log-of.ts"
import { type AuditQuery, auditList, auditQuery, toAuditView } from "./schemas.ts"
import { auditStore } from "./store.ts"

const cursorKind = "audit-logs"

export const listAuditLogs = endpoint(
  {
    operationId: "listAuditLogs",
    method: "get",
    path: "/audit-logs",
    tag: "Audit",
    summary: "Who did what, newest first",
    description:
      "Filters other than the dates look at 500 entries at most: a page may then be short, or empty, and `next_cursor` goes on from where it stopped.",
    access: ["audit.log.read", "platform.audit.read"],
    query: auditQuery,
    success: { status: 200, description: "A page of the log.", schema: auditList },
    isList: true,
  },
  async (ctx, { query }) => reply.ok(await page(ctx, query)),
)

async function page(ctx: Ctx, query: AuditQuery) {
  const store = auditStore(logOf(ctx, query.organization_id))
  const stretch = { before: beforeOf(query.cursor), from: query.from, to: query.to }
  const filters = { action: query.action, entity: query.entity, entityId: query.entity_id, actorId: query.actor_id }
  const wanted = query.limit + 1
  if (Object.values(filters).every((filter) => filter === undefined))
    return pageOf(await store.latest(stretch, wanted), query.limit, cursorKind, keyOf, toAuditView)
  const { rows, stoppedAt } = await store.matching(stretch, filters, wanted)
  return pageOf(rows, query.limit, cursorKind, keyOf, toAuditView, stoppedAt === undefined ? undefined : [stoppedAt])
}

const keyOf = (row: AuditRow) => [row.id]

function beforeOf(cursor: string | undefined): AuditId | undefined {
  const [id] = readCursor(cursorKind, ["string"], cursor) ?? []
  if (id === undefined) return undefined
  if (typeof id !== "string" || !isId("aud", id))
    throw invalidAt("/query/cursor", "Must be the next_cursor of this very list.", "INVALID_CURSOR")
  return id
}
