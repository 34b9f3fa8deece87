import type { ProductDetail } from "../../src/domains/catalog/rules.ts"
import type { ShownMovement, StockValue } from "../../src/domains/inventory/rules.ts"
import type { LotTrace } from "../../src/domains/lots/rules.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { LinkWithTerms } from "../../src/domains/partners/rules.ts"
import type { UnitFact, UnitSummary } from "../../src/domains/units/rules.ts"
import type { LocationDetail } from "../../src/domains/warehouses/rules.ts"
import {
  type LinkId,
  type LocationId,
  type MovementId,
  type OrderId,
  type OrganizationId,
  type ProductId,
  type RoutingNumber,
  routingOf,
  type UnitId,
} from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { RefusalError, type Result } from "../../src/kernel/result.ts"
import { NoAnswer } from "../../src/kernel/within.ts"
import { refOf } from "../../src/platform/auth/actor.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import type { Ctx } from "../../src/platform/http/context.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import { callObject, isOverloaded } from "../shared/call-object.ts"
import type { LedgerCommands, LedgerVerb } from "./commands/index.ts"
import type { LotNamed } from "./commands/lots.ts"
import type { Envelope, LedgerReply, LedgerRpc, PastCommand, Reconciliation } from "./rpc.ts"
import type { SupplierLedger } from "./supplier-ledger.ts"

export type { Envelope, PastCommand } from "./rpc.ts"

/** The one place that knows what a ledger's object is called. */
const ledgerName = (routing: RoutingNumber): string => `ledger-${routing.toString(16).padStart(10, "0")}`

/** A ledger by itself, without further tries: for drills. */
export function stubOf(env: Pick<Bindings, "SUPPLIER_LEDGER">, routing: RoutingNumber): DurableObjectStub<SupplierLedger> {
  const { SUPPLIER_LEDGER } = env
  return SUPPLIER_LEDGER.get(SUPPLIER_LEDGER.idFromName(ledgerName(routing)))
}

/** Calls the object; safe for what carries a commandId, and for reads. @throws RefusalError UNAVAILABLE where it is overloaded or late. */
async function call<T>(
  env: Bindings,
  meter: Meter,
  routing: RoutingNumber,
  use: (ledger: LedgerRpc) => Promise<T>,
  msMax: number = limits.ledgerCallMsMax,
): Promise<T> {
  try {
    return await callObject(env.SUPPLIER_LEDGER, ledgerName(routing), use, { meter, msMax })
  } catch (error) {
    if (!isOverloaded(error) && !(error instanceof NoAnswer)) throw error
    log.warn("a ledger is overloaded or late", { error: describeError(error) })
    throw new RefusalError({
      code: "UNAVAILABLE",
      detail: "The supplier's ledger is overloaded; try again in a moment.",
      extra: { retryAfterSeconds: 1 },
    })
  }
}

/** The ids that carry their ledger's routing number. An organization's own id carries its own. */
type Routed = OrganizationId | LinkId | OrderId | ProductId

/** Gives a ledger a command in the name of the request's actor, and waits for D1 to show it. */
export async function command<V extends LedgerVerb>(
  ctx: Ctx,
  at: Routed,
  verb: V,
  input: LedgerCommands[V]["input"],
): Promise<Result<LedgerCommands[V]["fact"]>> {
  const envelope = {
    commandId: ctx.command.id,
    requestHash: ctx.command.requestHash,
    actor: refOf(ctx.actor),
    origin: ctx.origin,
    ifMatch: ctx.ifMatch,
    command: { verb, input },
  } as Envelope
  const { result, projection, cost }: LedgerReply = await call(ctx.env, ctx.meter, routingOf(at), (ledger) => ledger.execute(envelope))
  ctx.meter.add(cost)
  if (projection === "pending") ctx.responseHeaders.set("waybill-projection", "pending")
  return result as Result<LedgerCommands[V]["fact"]>
}

/** Commands of a file's rows, in the name of whoever started the import: each carries its own id, so that all may be sent again. */
export const commandAll = async (
  env: Bindings,
  meter: Meter,
  at: OrganizationId,
  envelopes: readonly Envelope[],
): Promise<ReadonlyArray<Result<unknown>>> => (await call(env, meter, routingOf(at), (ledger) => ledger.executeAll(envelopes))).results

/** Sends an organization's facts to its ledger, which it makes ready at the first time. @throws when the ledger cannot be reached. */
export const sendOrganizationFacts = (env: Bindings, meter: Meter, facts: OrganizationFacts): Promise<void> =>
  call(env, meter, facts.routing, (ledger) => ledger.adopt(facts))

/** What D1 does not show yet, from the ledger itself, which checks that the actor's organization is a party. */
export const readOrder = (ctx: Ctx, id: OrderId): Promise<OrderFacts | undefined> =>
  call(ctx.env, ctx.meter, routingOf(id), (ledger) => ledger.readOrder(ctx.orgId, id))
export const readLink = (ctx: Ctx, id: LinkId): Promise<LinkWithTerms | undefined> =>
  call(ctx.env, ctx.meter, routingOf(id), (ledger) => ledger.readLink(ctx.orgId, id))
export const readProduct = (ctx: Pick<Ctx, "env" | "meter" | "orgId">, id: ProductId): Promise<ProductDetail | undefined> =>
  call(ctx.env, ctx.meter, routingOf(id), (ledger) => ledger.readProduct(ctx.orgId, id))
/** Own units, which the caller's own ledger keeps whatever routing an id claims. */
export const readUnit = (ctx: Ctx, id: UnitId): Promise<UnitFact | undefined> =>
  call(ctx.env, ctx.meter, routingOf(ctx.orgId), (ledger) => ledger.readUnit(ctx.orgId, id))
export const readUnitSummary = (ctx: Ctx, id: ProductId): Promise<UnitSummary | undefined> =>
  call(ctx.env, ctx.meter, routingOf(ctx.orgId), (ledger) => ledger.readUnitSummary(ctx.orgId, id))

export const readMovement = (ctx: Ctx, id: MovementId): Promise<ShownMovement | undefined> =>
  call(ctx.env, ctx.meter, routingOf(id), (ledger) => ledger.readMovement(ctx.orgId, id))

/** A lot of one's own, backward and forward. */
export const readLotTrace = (ctx: Ctx, lot: LotNamed): Promise<Result<LotTrace>> =>
  call(ctx.env, ctx.meter, routingOf(ctx.orgId), (ledger) => ledger.readLotTrace(ctx.orgId, lot))

export const readLocation = (ctx: Ctx, id: LocationId): Promise<LocationDetail | undefined> =>
  call(ctx.env, ctx.meter, routingOf(id), (ledger) => ledger.readLocation(ctx.orgId, id))
/** What the organization's own stock is worth; undefined while its ledger is not made ready. */
export const readStockValue = (ctx: Ctx): Promise<StockValue | undefined> =>
  call(ctx.env, ctx.meter, routingOf(ctx.orgId), (ledger) => ledger.readStockValue(ctx.orgId))

/** Has the ledger tell a link's chat room of the link; false where the organization is no party to such a link. */
export const introduceLink = (env: Bindings, meter: Meter, orgId: OrganizationId, id: LinkId): Promise<boolean> =>
  call(env, meter, routingOf(id), (ledger) => ledger.introduceLink(orgId, id))

export const reconcileLedger = (env: Bindings, meter: Meter, orgId: OrganizationId): Promise<Reconciliation> =>
  call(env, meter, routingOf(orgId), (ledger) => ledger.reconcile(), limits.ledgerUpkeepMsMax)

export const rebuildLedger = (env: Bindings, meter: Meter, orgId: OrganizationId): Promise<{ generation: number; rows: number }> =>
  call(env, meter, routingOf(orgId), (ledger) => ledger.rebuild(), limits.ledgerUpkeepMsMax)

/** Development alone: commands of the past, each with its time; answers the id of what each made or changed. */
export const replayPast = (env: Bindings, meter: Meter, orgId: OrganizationId, commands: readonly PastCommand[]) =>
  call(env, meter, routingOf(orgId), (ledger) => ledger.replayPast(commands), limits.ledgerUpkeepMsMax)
