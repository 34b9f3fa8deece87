import type { ConversationId } from "../../kernel/ids.ts"
import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { type By, type ComplaintFacts, type Side, seenBy } from "./rules.ts"
import type { ComplaintRow } from "./tables.ts"

/** A complaint as one party's row; whose it is, the handle says. */
export function rowOf(complaint: ComplaintFacts, side: Side): Omit<ComplaintRow, "orgId"> {
  const { supplierId, buyerId, assignee, ...rest } = seenBy(side, complaint)
  return {
    ...rest,
    side,
    counterpartyId: side === "supplier" ? buyerId : supplierId,
    assigneeId: assignee?.id ?? null,
    assigneeName: assignee?.name ?? null,
  }
}

/** The complaint whole. @throws for the buyer's row, which does not hold it. */
export function complaintOfRow({ orgId, side, counterpartyId, assigneeId, assigneeName, ...rest }: ComplaintRow): ComplaintFacts {
  if (side !== "supplier") throw new Error("only the supplier's row holds a complaint whole")
  const assignee = assigneeId === null || assigneeName === null ? null : { id: assigneeId, name: assigneeName }
  return { ...rest, supplierId: orgId, buyerId: counterpartyId, assignee }
}

const byView = ({ id, name, organizationId }: By) => ({ id, name, organization_id: organizationId })

/** A row as the side that has it sees it, without its history: as lists show it. */
export function toComplaintSummary(row: ComplaintRow) {
  const [supplierId, buyerId] = row.side === "supplier" ? [row.orgId, row.counterpartyId] : [row.counterpartyId, row.orgId]
  return {
    id: row.id,
    side: row.side,
    supplier_id: supplierId,
    supplier_name: row.supplierName,
    buyer_id: buyerId,
    buyer_name: row.buyerName,
    link_id: row.linkId,
    order_id: row.orderId,
    order_number: row.orderNumber,
    order_line_id: row.orderLineId,
    title: row.title,
    description: row.description,
    status: row.status,
    level: row.level,
    assignee_id: row.assigneeId,
    assignee_name: row.assigneeName,
    opened_by: byView(row.openedBy),
    resolution: row.resolution,
    evidence: row.evidence,
    reopen_count: row.reopenCount,
    created_at: formatInstant(row.createdAt),
    updated_at: formatInstant(row.updatedAt),
    due_at: formatInstantOrNull(row.dueAt),
    version: row.version,
  }
}

export const toComplaintView = (row: ComplaintRow, conversationId: ConversationId | null) => ({
  ...toComplaintSummary(row),
  conversation_id: conversationId,
  history: row.history.map(({ from, to, level, at, by, reason, assigneeName, resolutionKind }) => ({
    from,
    to,
    level,
    at: formatInstant(at),
    by: byView(by),
    reason,
    assignee_name: assigneeName,
    resolution_kind: resolutionKind,
  })),
})

/** The link's end changes what is told of the complaint, and not the complaint. */
export const complaintEtag = ({ version, side }: ComplaintRow, conversationId: ConversationId | null): string =>
  etagOf(version, conversationId === null ? `${version}0` : version, side === "supplier" ? "s" : "b")
