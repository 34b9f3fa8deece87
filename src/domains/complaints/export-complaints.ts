import type { ComplaintId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { formatInstant, formatInstantOrNull, type Instant } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { csvDownload } from "../../platform/http/csv.ts"
import type { ComplaintStatus } from "./rules.ts"
import { complaintStore } from "./store.ts"
import type { ComplaintRow } from "./tables.ts"

/** When it last came to a state, if it ever did. */
const reachedAt = ({ history }: ComplaintRow, status: ComplaintStatus): Instant | null =>
  history.findLast(({ to }) => to === status)?.at ?? null

const columns: Readonly<Record<string, (row: ComplaintRow) => string | number | null>> = {
  id: (row) => row.id,
  order_number: (row) => row.orderNumber,
  order_id: (row) => row.orderId,
  order_line_id: (row) => row.orderLineId,
  buyer_id: (row) => row.counterpartyId,
  buyer_name: (row) => row.buyerName,
  title: (row) => row.title,
  description: (row) => row.description,
  status: (row) => row.status,
  level: (row) => row.level,
  assignee_name: (row) => row.assigneeName,
  opened_by: (row) => row.openedBy.name,
  opened_by_side: (row) => (row.openedBy.organizationId === row.orgId ? "supplier" : "buyer"),
  created_at: (row) => formatInstant(row.createdAt),
  due_at: (row) => formatInstantOrNull(row.dueAt),
  escalated_at: (row) => formatInstantOrNull(reachedAt(row, "ESCALATED")),
  resolved_at: (row) => formatInstantOrNull(reachedAt(row, "RESOLVED")),
  closed_at: (row) => formatInstantOrNull(reachedAt(row, "CLOSED")),
  resolution_kind: (row) => row.resolution?.kind ?? null,
  resolution_text: (row) => row.resolution?.text ?? null,
  reopen_count: (row) => row.reopenCount,
  evidence_files: (row) => row.evidence.length,
  updated_at: (row) => formatInstant(row.updatedAt),
}

type Span = { readonly from: Instant | undefined; readonly to: Instant | undefined }

/** The incident log: complaints about what the organization sold, oldest first, read and sent page by page. */
export function exportComplaints(ctx: Ctx, span: Span): Response {
  const name = `complaints-${formatInstant(ctx.now).slice(0, 10)}.csv`
  return csvDownload(name, Object.keys(columns), linesOf(ctx, span))
}

async function* linesOf(ctx: Ctx, span: Span): AsyncGenerator<ReadonlyArray<ReadonlyArray<string | number | null>>> {
  const store = complaintStore(ctx.db)
  let after: ComplaintId | undefined
  for (let read = 0; ; read += limits.exportPageRows) {
    // A file that is silently too short would pass for the whole log: rather none.
    if (read >= limits.exportRowsMax) throw new Error(`an export of more than ${limits.exportRowsMax} complaints was given up`)
    const rows = await store.stretch({ ...span, after, rowsMax: limits.exportPageRows })
    const sold = rows.filter(({ side }) => side === "supplier")
    yield sold.map((row) => Object.values(columns).map((cell) => cell(row)))
    after = rows.at(-1)?.id
    if (rows.length < limits.exportPageRows) return
  }
}
