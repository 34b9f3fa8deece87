import { type Envelope, type PastCommand, replayPast as replay } from "../../../durable-objects/supplier-ledger/client.ts"
import type { LinkId, OrderId, OrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { createProductOf } from "../catalog/index.ts"
import { organizationStore } from "../organizations/index.ts"
import type { PastInput } from "./schemas.ts"

type Kind = "product" | "link" | "order" | "move"
type Planned = {
  readonly at: Instant
  readonly kind: Kind
  readonly by: OrganizationId
  readonly command: Envelope["command"]
  readonly about?: Planned
}

type Replayed = {
  /** Ids in the order they were asked for; null where the ledger refused. */
  readonly products: ReadonlyArray<string | null>
  readonly links: ReadonlyArray<string | null>
  readonly orders: ReadonlyArray<string | null>
  readonly refused: ReadonlyArray<{ readonly what: Kind; readonly code: string }>
}

/** INV-DEMO-1: gives the supplier's ledger commands of the past, in the order of their times, as if they came now. */
export async function replayPast(ctx: Ctx, input: PastInput): Promise<Replayed> {
  if ((await organizationStore(ctx).byId(input.supplier_id)) === undefined)
    throw new RefusalError({ code: "NOT_FOUND", detail: "supplier_id names no organization." })
  const planned = [
    ...input.products.map((product) => productPlan(input.supplier_id, product)),
    ...(await linkPlans(ctx, input)),
    ...orderPlans(input),
  ]
  const inTime = planned.toSorted((a, b) => a.at - b.at)
  const placeOf = new Map(inTime.map((plan, place) => [plan, place]))
  const results = await replay(
    ctx.env,
    ctx.meter,
    input.supplier_id,
    inTime.map((plan, place) =>
      pastCommand(ctx, plan, `${ctx.command.id}-${place}`, plan.about === undefined ? undefined : placeOf.get(plan.about)),
    ),
  )
  const idOf = (plan: Planned): string | null => {
    const result = results[placeOf.get(plan) ?? -1]
    return result?.ok === true ? result.value : null
  }
  const idsOf = (kind: Kind) => planned.filter((plan) => plan.kind === kind && plan.about === undefined).map(idOf)
  const refused = results.flatMap((result, place) => (result.ok ? [] : [{ what: inTime[place]?.kind ?? "move", code: result.error.code }]))
  return { products: idsOf("product"), links: idsOf("link"), orders: idsOf("order"), refused }
}

const productPlan = (supplierId: OrganizationId, { at, ...body }: PastInput["products"][number]): Planned => ({
  at,
  kind: "product",
  by: supplierId,
  command: { verb: "createProduct", input: createProductOf(body) },
})

async function linkPlans(ctx: Ctx, { supplier_id: supplierId, links }: PastInput): Promise<Planned[]> {
  const buyers = await Promise.all(links.map(({ buyer_id }) => organizationStore(ctx).byId(buyer_id)))
  return links.flatMap(({ at, approved_at }, index) => {
    const buyer = buyers[index]
    if (buyer === undefined) throw new RefusalError({ code: "NOT_FOUND", detail: `links/${index} names no organization.` })
    const asked: Planned = {
      at,
      kind: "link",
      by: buyer.id,
      command: { verb: "requestLink", input: { buyerId: buyer.id, buyerName: buyer.name, message: null, coolDownMs: 0 } },
    }
    const approved: Planned = {
      at: approved_at,
      kind: "move",
      by: supplierId,
      command: { verb: "setLinkStatus", input: { linkId: unknownYet as LinkId, status: "APPROVED", reason: null, mayUnblock: false } },
      about: asked,
    }
    return [asked, approved]
  })
}

const orderPlans = ({ supplier_id: supplierId, orders }: PastInput): Planned[] =>
  orders.flatMap(({ buyer_id: buyerId, at, items, moves }) => {
    const lines = items.map(({ product_id, quantity }) => ({ productId: product_id, quantityMilli: quantity }))
    const placed: Planned = {
      at,
      kind: "order",
      by: buyerId,
      command: { verb: "placeOrder", input: { buyerId, lines, note: null, requestedDeliveryOn: null } },
    }
    const moved = moves.map(
      ({ status, at: movedAt }): Planned => ({
        at: movedAt,
        kind: "move",
        by: supplierId,
        command: { verb: "setOrderStatus", input: { orderId: unknownYet as OrderId, status, reason: null } },
        about: placed,
      }),
    )
    return [placed, ...moved]
  })

/** Stands where the ledger puts the id of what an earlier command made. */
const unknownYet = ""

const pastCommand = (ctx: Ctx, { at, by, command }: Planned, commandId: string, about: number | undefined): PastCommand => ({
  at,
  envelope: {
    commandId,
    requestHash: "",
    // Nobody did these things: the trail says so.
    actor: { kind: "SYSTEM", id: null, name: "Seed", organizationId: by },
    origin: ctx.origin,
    ifMatch: undefined,
    command,
  },
  ...(about === undefined ? {} : { about }),
})
