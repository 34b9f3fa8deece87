import { z } from "@hono/zod-openapi"
import { formatInstantOrNull } from "../../kernel/time.ts"
import { type EventType, eventsOf } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import { type ComplaintFacts, type ComplaintStatus, complaintLevels, resolutionKinds, type Side, seenBy } from "./rules.ts"

const person = lazily(() => z.object({ id: z.string().nullable(), name: z.string(), organization_id: z.string().nullable() }))

const shared = {
  complaint_id: z.string(),
  order_id: z.string(),
  order_number: z.string(),
  link_id: z.string().nullable(),
  title: z.string(),
  status: z.string(),
  level: z.enum(complaintLevels),
  supplier_id: z.string(),
  buyer_id: z.string(),
  counterparty_name: z.string(),
  assignee_name: z.string().nullable(),
  opened_by: person,
  /** Who made the step; the clock has no id. */
  by: person,
  reason: z.string().nullable(),
  resolution: z.object({ kind: z.enum(resolutionKinds), text: z.string() }).nullable(),
  due_at: z.string().nullable(),
}

/** Each side's own words; only the supplier's name its assignee by id. */
const complaintEventData = lazily(() =>
  z.discriminatedUnion("side", [
    z.object({ side: z.literal("supplier"), ...shared, assignee_id: z.string().nullable() }),
    z.object({ side: z.literal("buyer"), ...shared }),
  ]),
)

type ComplaintEventData = z.infer<typeof complaintEventData>

const complaintEvent = eventsOf("complaints.complaint.read", complaintEventData)

/** One event a step, by the state it leads to. */
export const complaintEvents = {
  OPEN: complaintEvent("complaint.opened"),
  ASSIGNED: complaintEvent("complaint.assigned"),
  ESCALATED: complaintEvent("complaint.escalated"),
  RESOLVED: complaintEvent("complaint.resolved"),
  REOPENED: complaintEvent("complaint.reopened"),
  CLOSED: complaintEvent("complaint.closed"),
  WITHDRAWN: complaintEvent("complaint.withdrawn"),
} as const satisfies Record<ComplaintStatus, EventType<ComplaintEventData>>

export function complaintEventDataOf(complaint: ComplaintFacts, side: Side): ComplaintEventData {
  const seen = seenBy(side, complaint)
  const last = seen.history.at(-1)
  const by = last?.by ?? seen.openedBy
  const data = {
    complaint_id: seen.id,
    order_id: seen.orderId,
    order_number: seen.orderNumber,
    link_id: seen.linkId,
    title: seen.title,
    status: seen.status,
    level: seen.level,
    supplier_id: seen.supplierId,
    buyer_id: seen.buyerId,
    counterparty_name: side === "supplier" ? seen.buyerName : seen.supplierName,
    assignee_name: seen.assignee?.name ?? null,
    opened_by: { id: seen.openedBy.id, name: seen.openedBy.name, organization_id: seen.openedBy.organizationId },
    by: { id: by.id, name: by.name, organization_id: by.organizationId },
    reason: last?.reason ?? null,
    resolution: seen.resolution,
    due_at: formatInstantOrNull(seen.dueAt),
  }
  return side === "supplier" ? { side, ...data, assignee_id: seen.assignee?.id ?? null } : { side, ...data }
}
