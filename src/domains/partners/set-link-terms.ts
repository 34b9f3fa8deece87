import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { LinkId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { GivenTerms, LinkWithTerms } from "./rules.ts"
import type { LinkTermsBody } from "./schemas.ts"

/** Replaces the terms that the organization grants a buyer, in its own ledger. */
export const setLinkTerms = (ctx: Ctx, linkId: LinkId, body: LinkTermsBody): Promise<Result<LinkWithTerms>> =>
  command(ctx, linkId, "setLinkTerms", { linkId, terms: givenTermsOf(body) })

/** The body as the ledger takes it: what was left out is not agreed on. */
function givenTermsOf(body: LinkTermsBody): GivenTerms {
  const value = body.min_order_value ?? null
  const currency = body.currency ?? undefined
  return {
    discountBasisPoints: body.discount_percent ?? 0,
    priceList: (body.price_list ?? []).map(({ product_id, price, currency: stated, tiers = [] }) => ({
      productId: product_id,
      price,
      ...(stated === undefined ? {} : { currency: stated }),
      tiers: tiers.map((tier) => ({ fromMilli: tier.from_quantity, price: tier.price })),
    })),
    minOrderValue: value === null ? null : { value, ...(currency === undefined ? {} : { currency }) },
    deliveryDays: body.delivery_days ?? [],
    orderCutOff: body.order_cut_off ?? null,
    leadTimeDays: body.lead_time_days ?? null,
    minShelfLifeDays: body.min_shelf_life_days ?? null,
  }
}
