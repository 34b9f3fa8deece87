import { type FileId, newId, type OrderId, type OrderLineId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { attachFiles } from "../files/index.ts"
import { findOrder } from "../orders/index.ts"
import { linkStore } from "../partners/index.ts"
import { byOf, clockOf } from "./find-complaint.ts"
import { recordStep } from "./record-step.ts"
import { type ComplaintFacts, escalatesAt, type Side } from "./rules.ts"
import { complaintStore } from "./store.ts"
import type { ComplaintRow } from "./tables.ts"
import { rowOf } from "./views.ts"

type OpenComplaint = {
  readonly orderId: OrderId
  readonly orderLineId: OrderLineId | null
  readonly title: string
  readonly description: string
  readonly evidence: readonly FileId[]
}

/** INV-CMP-7: a complaint is about an order of the caller's organization, on either side of it, whatever became of the order or the link. */
export async function openComplaint(ctx: Ctx, input: OpenComplaint): Promise<Result<ComplaintRow>> {
  const order = await findOrder(ctx, input.orderId)
  if (order === undefined) return refuse("NOT_FOUND", "There is no such order.")
  if (input.orderLineId !== null && !order.lines.some(({ id }) => id === input.orderLineId))
    throw invalidAt("/order_line_id", "The order has no such line.", "UNKNOWN_LINE")
  const side: Side = order.supplierId === ctx.orgId ? "supplier" : "buyer"
  const counterpartyId = side === "supplier" ? order.buyerId : order.supplierId
  const link = await linkStore(ctx.db).withPartner(side, counterpartyId)

  const by = byOf(ctx)
  const complaint: ComplaintFacts = {
    id: newId("cmp", ctx.now),
    supplierId: order.supplierId,
    supplierName: order.supplierName,
    buyerId: order.buyerId,
    buyerName: order.buyerName,
    linkId: link?.id ?? null,
    orderId: order.id,
    orderNumber: order.number,
    orderLineId: input.orderLineId,
    title: input.title,
    description: input.description,
    status: "OPEN",
    level: "SALES",
    assignee: null,
    openedBy: by,
    resolution: null,
    evidence: input.evidence,
    history: [{ from: null, to: "OPEN", level: "SALES", at: ctx.now, by, reason: null, assigneeName: null, resolutionKind: null }],
    reopenCount: 0,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    dueAt: escalatesAt("SALES", ctx.now, clockOf(ctx.config)),
    version: 1,
  }
  if (input.evidence.length > 0) {
    const subject = { kind: "complaint", id: complaint.id } as const
    ctx.work.add(
      ...(await attachFiles(ctx, input.evidence, {
        purpose: "complaint_evidence",
        subject,
        sharedWith: [counterpartyId],
        pointer: "/evidence",
      })),
    )
  }
  ctx.work.add(complaintStore(ctx.db).belowLimit(order.id)).onGuard({
    code: "CONFLICT",
    detail: `There are ${limits.complaintsPerOrderMax} complaints about this order, which is all that it can have.`,
  })
  recordStep(ctx, undefined, complaint, "complaints.complaint.open")
  return ok({ orgId: ctx.orgId, ...rowOf(complaint, side) })
}
