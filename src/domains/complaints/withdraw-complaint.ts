import type { ComplaintId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { findComplaint, takeStep } from "./find-complaint.ts"
import { withdraw } from "./rules.ts"
import type { ComplaintRow } from "./tables.ts"

/** The side that opened a complaint takes it back, before anybody has taken it up. */
export async function withdrawComplaint(ctx: Ctx, id: ComplaintId, reason: string | null): Promise<Result<ComplaintRow>> {
  const found = await findComplaint(ctx, id)
  return takeStep(ctx, found, withdraw(found.complaint, found.side, ctx.now), { reason, action: "complaints.complaint.withdraw" })
}
