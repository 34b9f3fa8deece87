import type { ComplaintId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { clockOf, findComplaint, takeStep } from "./find-complaint.ts"
import { reopen } from "./rules.ts"
import type { ComplaintRow } from "./tables.ts"

/** The buyer is not content with the resolution. */
export async function reopenComplaint(ctx: Ctx, id: ComplaintId, reason: string | null): Promise<Result<ComplaintRow>> {
  const found = await findComplaint(ctx, id, "buyer")
  const step = reopen(found.complaint, ctx.now, clockOf(ctx.config))
  return takeStep(ctx, found, step, { reason, action: "complaints.complaint.reopen" })
}
