import type { ComplaintId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { findComplaint, takeStep } from "./find-complaint.ts"
import { confirm } from "./rules.ts"
import type { ComplaintRow } from "./tables.ts"

/** The buyer is content: the complaint is closed. */
export async function confirmResolution(ctx: Ctx, id: ComplaintId, reason: string | null): Promise<Result<ComplaintRow>> {
  const found = await findComplaint(ctx, id, "buyer")
  return takeStep(ctx, found, confirm(found.complaint, ctx.now), { reason, action: "complaints.complaint.confirm" })
}
