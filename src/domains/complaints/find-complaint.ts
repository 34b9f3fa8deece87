import type { ComplaintId, ConversationId, LinkId } from "../../kernel/ids.ts"
import { RefusalError, type Result } from "../../kernel/result.ts"
import { day, hour } from "../../kernel/time.ts"
import { refOf } from "../../platform/auth/actor.ts"
import type { Config } from "../../platform/env.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { conversationOfLink } from "../chat/index.ts"
import { linkStore } from "../partners/index.ts"
import { recordStep } from "./record-step.ts"
import { after, type By, type Clock, type ComplaintFacts, type Side, type Step } from "./rules.ts"
import { complaintStore, counterpartyDb } from "./store.ts"
import type { ComplaintRow } from "./tables.ts"
import { complaintOfRow, rowOf } from "./views.ts"

export const clockOf = (config: Config): Clock => ({
  salesMs: config.COMPLAINT_SALES_SLA_HOURS * hour,
  managerMs: config.COMPLAINT_MANAGER_SLA_HOURS * hour,
  reopenMs: config.COMPLAINT_REOPEN_DAYS * day,
})

const noSuchComplaint = () => new RefusalError({ code: "NOT_FOUND", detail: "There is no such complaint." })

/** @throws RefusalError NOT_FOUND, also for another organization's. */
async function ownRow(ctx: Ctx, id: ComplaintId): Promise<ComplaintRow> {
  const row = await complaintStore(ctx.db).byId(id)
  if (row === undefined) throw noSuchComplaint()
  return row
}

/** The conversation in which the two sides can write to each other about it: their link's, while it is approved. */
const conversationIn = (linkId: LinkId | null, status: string | undefined): ConversationId | null =>
  linkId !== null && status === "APPROVED" ? conversationOfLink(linkId) : null

export async function conversationOf(ctx: Ctx, { linkId }: Pick<ComplaintRow, "linkId">): Promise<ConversationId | null> {
  const link = linkId === null ? undefined : await linkStore(ctx.db).byId(linkId)
  return conversationIn(linkId, link?.status)
}

/** @throws RefusalError NOT_FOUND, also for another organization's. */
export async function readComplaint(
  ctx: Ctx,
  id: ComplaintId,
): Promise<{ readonly row: ComplaintRow; readonly conversationId: ConversationId | null }> {
  const found = await complaintStore(ctx.db).withLink(id)
  if (found === undefined) throw noSuchComplaint()
  return { row: found.row, conversationId: conversationIn(found.row.linkId, found.linkStatus) }
}

type Found = { readonly complaint: ComplaintFacts; readonly side: Side }

/**
 * A complaint that the caller's organization is a party of, whole: what the buyer's row lacks stands in the supplier's.
 * @throws RefusalError NOT_FOUND; VERSION_MISMATCH by If-Match; FORBIDDEN where only the other side makes such a step.
 */
export async function findComplaint(ctx: Ctx, id: ComplaintId, only?: Side): Promise<Found> {
  const own = await ownRow(ctx, id)
  if (only !== undefined && own.side !== only)
    throw new RefusalError({ code: "FORBIDDEN", detail: `Only the ${only}'s side of the order does this.` })
  const whole = own.side === "supplier" ? own : await complaintStore(counterpartyDb(ctx, own.counterpartyId)).byId(id)
  if (whole === undefined) throw new Error(`INV-CMP-2: ${id} has no row of its supplier`)
  assertVersion(ctx, whole)
  return { complaint: complaintOfRow(whole), side: own.side }
}

export const byOf = (ctx: Ctx): By => refOf(ctx.actor)

type Taken = { readonly reason: string | null; readonly action: string }

/** Carries out a step that was decided on, and answers the row of the caller's side as it then is. */
export function takeStep(ctx: Ctx, { complaint, side }: Found, step: Result<Step>, { reason, action }: Taken): Result<ComplaintRow> {
  if (!step.ok) return step
  const moved = after(complaint, step.value, byOf(ctx), reason, ctx.now)
  recordStep(ctx, complaint, moved, action)
  return { ok: true, value: { orgId: ctx.orgId, ...rowOf(moved, side) } }
}
