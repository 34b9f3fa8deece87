import { type ComplaintId, isId, type UserId } from "../../kernel/ids.ts"
import { ok, type Result } from "../../kernel/result.ts"
import { authorize } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { activeColleague } from "../identity/index.ts"
import { findComplaint, takeStep } from "./find-complaint.ts"
import { assign } from "./rules.ts"
import type { ComplaintRow } from "./tables.ts"
import { rowOf } from "./views.ts"

/** Takes a complaint on oneself, or gives it to a colleague. Whoever gets what they have already keeps it, and nothing is written. */
export async function assignComplaint(
  ctx: Ctx,
  { complaintId, assigneeId, reason }: { complaintId: ComplaintId; assigneeId: UserId | undefined; reason: string | null },
): Promise<Result<ComplaintRow>> {
  const { actor } = ctx
  const isForSelf = assigneeId === undefined || assigneeId === actor.id
  authorize(actor, isForSelf ? "complaints.complaint.handle" : "complaints.complaint.assign")
  const found = await findComplaint(ctx, complaintId, "supplier")
  const { complaint, side } = found
  const wanted = assigneeId ?? (isId("usr", actor.id) ? actor.id : undefined)
  if (wanted === undefined) throw invalidAt("/assignee_id", "An API key takes no complaint on itself; name somebody.", "REQUIRED")
  if (complaint.status === "ASSIGNED" && complaint.assignee?.id === wanted) return ok({ orgId: ctx.orgId, ...rowOf(complaint, side) })

  const colleague = await activeColleague(ctx.db, wanted)
  if (colleague === undefined) throw invalidAt("/assignee_id", "There is no such active user in the organization.", "UNKNOWN_USER")
  ctx.work.add(...colleague.unchanged)
  const step = assign(complaint, { id: actor.id, permissions: actor.permissions }, colleague, ctx.now)
  return takeStep(ctx, found, step, { reason, action: "complaints.complaint.assign" })
}
