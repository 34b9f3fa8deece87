import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { type Result, refuse } from "../../kernel/result.ts"
import { hour } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { organizationStore } from "../organizations/index.ts"
import type { LinkFacts } from "./rules.ts"

/** Asks a supplier for a link, in its ledger; a ledger that nobody owns answers that there is no such supplier. */
export async function requestLink(
  ctx: Ctx,
  input: { readonly supplierId: OrganizationId; readonly message: string | null },
): Promise<Result<LinkFacts>> {
  const buyer = await organizationStore(ctx).byId(ctx.orgId)
  if (buyer === undefined) return refuse("NOT_FOUND", "The organization is gone.")
  const result = await command(ctx, input.supplierId, "requestLink", {
    buyerId: buyer.id,
    buyerName: buyer.name,
    message: input.message,
    coolDownMs: ctx.config.LINK_COOL_DOWN_HOURS * hour,
  })
  return !result.ok && result.error.code === "NOT_FOUND" ? refuse("NOT_FOUND", "There is no such supplier.") : result
}
