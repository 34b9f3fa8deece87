import { type ComplaintId, isId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { clockOf, findComplaint, takeStep } from "./find-complaint.ts"
import { type Resolution, resolve } from "./rules.ts"
import type { ComplaintRow } from "./tables.ts"

/** Settles a complaint: by whom it is assigned to, by anybody of its level while nobody has it, or by a manager. */
export async function resolveComplaint(ctx: Ctx, id: ComplaintId, resolution: Resolution): Promise<Result<ComplaintRow>> {
  const { actor } = ctx
  const found = await findComplaint(ctx, id, "supplier")
  // Platform staff and API keys are nobody of the organization's that a complaint could be given to.
  const isColleague = actor.kind === "USER" && actor.homeOrgId === ctx.orgId && isId("usr", actor.id)
  const by = { id: actor.id, permissions: actor.permissions, assignee: isColleague ? { id: actor.id, name: actor.name } : null }
  const step = resolve(found.complaint, by, resolution, ctx.now, clockOf(ctx.config))
  return takeStep(ctx, found, step, { reason: resolution.text, action: "complaints.complaint.resolve" })
}
