import type { AuditId } from "../../kernel/ids.ts"
import type { Scan } from "../../platform/db/scan.ts"
import type { AuditRow } from "../../platform/events/tables.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { pageById } from "../../platform/http/page.ts"
import { listEndpoint } from "../../platform/http/verbs.ts"
import { logOf } from "./log-of.ts"
import { type AuditQuery, auditList, auditQuery, toAuditView } from "./schemas.ts"
import { auditStore } from "./store.ts"

export const listAuditLogs = listEndpoint(
  {
    operationId: "listAuditLogs",
    path: "/audit-logs",
    tag: "Audit",
    summary: "Who did what, newest first",
    description:
      "Filters other than the dates look at 500 entries at most: a page may then be short, or empty, and `next_cursor` goes on from where it stopped.",
    access: ["audit.log.read", "platform.audit.read"],
    query: auditQuery,
    success: { description: "A page of the log.", schema: auditList },
  },
  (ctx, { query }) => page(ctx, query),
)

async function page(ctx: Ctx, query: AuditQuery) {
  const store = auditStore(logOf(ctx, query.organization_id))
  const filters = { action: query.action, entity: query.entity, entityId: query.entity_id, actorId: query.actor_id }
  const isFiltered = Object.values(filters).some((filter) => filter !== undefined)
  const fetch = async (before: AuditId | undefined, rowsMax: number): Promise<AuditRow[] | Scan<AuditRow>> => {
    const stretch = { before, from: query.from, to: query.to }
    return isFiltered ? store.matching(stretch, filters, rowsMax) : store.latest(stretch, rowsMax)
  }
  return pageById("audit-logs", "aud", query, ({ after, rowsMax }) => fetch(after, rowsMax), toAuditView)
}
