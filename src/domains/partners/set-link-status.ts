import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import { type LinkId, routingOf } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import { authorize, may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { DecidableLinkStatus, LinkFacts } from "./rules.ts"

/** Moves a link along its machine. Which side asks follows from the id: it carries the supplier's routing number. */
export function setLinkStatus(
  ctx: Ctx,
  input: { readonly linkId: LinkId; readonly status: DecidableLinkStatus; readonly reason: string | null },
): Promise<Result<LinkFacts>> {
  const isSupplier = routingOf(input.linkId) === routingOf(ctx.orgId)
  authorize(ctx.actor, isSupplier || input.status !== "REMOVED" ? "partners.link.decide" : "partners.link.request")
  return command(ctx, input.linkId, "setLinkStatus", { ...input, mayUnblock: may(ctx.actor, "partners.link.unblock") })
}
