import type { ComplaintId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { clockOf, findComplaint, takeStep } from "./find-complaint.ts"
import { escalate } from "./rules.ts"
import type { ComplaintRow } from "./tables.ts"

/** Hands a complaint to the level above one's own. */
export async function escalateComplaint(ctx: Ctx, id: ComplaintId, reason: string | null): Promise<Result<ComplaintRow>> {
  const found = await findComplaint(ctx, id, "supplier")
  const step = escalate(found.complaint, ctx.actor, ctx.now, clockOf(ctx.config))
  return takeStep(ctx, found, step, { reason, action: "complaints.complaint.escalate" })
}
