import type { ProductDetail } from "../../src/domains/catalog/rules.ts"
import type { ShownMovement, StockValue } from "../../src/domains/inventory/rules.ts"
import type { LotTrace } from "../../src/domains/lots/rules.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { LinkWithTerms } from "../../src/domains/partners/rules.ts"
import type { UnitFact, UnitSummary } from "../../src/domains/units/rules.ts"
import type { LocationDetail } from "../../src/domains/warehouses/rules.ts"
import type { LinkId, LocationId, MovementId, OrderId, OrganizationId, ProductId, UnitId } from "../../src/kernel/ids.ts"
import type { Result } from "../../src/kernel/result.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { ActorRef } from "../../src/platform/auth/actor.ts"
import type { Cost } from "../../src/platform/db/meter.ts"
import type { Origin } from "../../src/platform/db/unit-of-work.ts"
import type { LedgerCommand, LedgerFact } from "./commands/index.ts"
import type { LotNamed } from "./commands/lots.ts"
import type { WholeKind } from "./projections/index.ts"

/** A command with who gives it and under which id: a repeat of the id gets the first answer. */
export type Envelope = {
  readonly commandId: string
  readonly requestHash: string
  readonly actor: ActorRef
  readonly origin: Origin
  readonly ifMatch: number | undefined
  readonly command: LedgerCommand
}

/** 'pending': committed here, and D1 will show it as soon as it can. */
export type ProjectionState = "done" | "pending"

export type LedgerReply = { readonly result: Result<LedgerFact>; readonly projection: ProjectionState; readonly cost: Cost }

export type LedgerReplies = Omit<LedgerReply, "result"> & { readonly results: ReadonlyArray<Result<LedgerFact>> }

export type Difference = { readonly kind: WholeKind; readonly id: string; readonly problem: "MISSING" | "STALE" | "DIFFERENT" | "EXTRA" }
export type Reconciliation = {
  readonly checked: number
  readonly differences: Difference[]
  readonly truncated: boolean
  readonly stuck: ReadonlyArray<{ what: string; error: string }>
}

/**
 * A command of the past, for seeding: when it was given, and where it is about something that an earlier command of
 * the same list made (a link, an order), that command's place in the list.
 */
export type PastCommand = { readonly at: Instant; readonly envelope: Envelope; readonly about?: number }

/** The ledger's methods as its client calls them. They return refusals and throw only for bugs. */
export type LedgerRpc = {
  adopt(facts: OrganizationFacts): Promise<void>
  execute(envelope: Envelope): Promise<LedgerReply>
  /** Each as `execute` would, each in a transaction of its own; D1 is waited for once. */
  executeAll(envelopes: readonly Envelope[]): Promise<LedgerReplies>
  readOrder(organizationId: OrganizationId, id: OrderId): Promise<OrderFacts | undefined>
  readLink(organizationId: OrganizationId, id: LinkId): Promise<LinkWithTerms | undefined>
  readUnit(organizationId: OrganizationId, id: UnitId): Promise<UnitFact | undefined>
  readUnitSummary(organizationId: OrganizationId, id: ProductId): Promise<UnitSummary | undefined>
  readMovement(organizationId: OrganizationId, id: MovementId): Promise<ShownMovement | undefined>
  readLotTrace(organizationId: OrganizationId, lot: LotNamed): Promise<Result<LotTrace>>
  readProduct(organizationId: OrganizationId, id: ProductId): Promise<ProductDetail | undefined>
  readLocation(organizationId: OrganizationId, id: LocationId): Promise<LocationDetail | undefined>
  readStockValue(organizationId: OrganizationId): Promise<StockValue | undefined>
  /** Tells the link's chat room of it once more, for a party; false where there is no such link. */
  introduceLink(organizationId: OrganizationId, id: LinkId): Promise<boolean>
  reconcile(): Promise<Reconciliation>
  rebuild(): Promise<{ generation: number; rows: number }>
  replayPast(commands: readonly PastCommand[]): Promise<ReadonlyArray<Result<LedgerFact["id"]>>>
}
