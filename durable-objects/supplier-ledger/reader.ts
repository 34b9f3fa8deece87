import { DurableObject } from "cloudflare:workers"
import type { ProductDetail } from "../../src/domains/catalog/rules.ts"
import type { ShownMovement, StockValue } from "../../src/domains/inventory/rules.ts"
import type { LotTrace } from "../../src/domains/lots/rules.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import type { LinkWithTerms } from "../../src/domains/partners/rules.ts"
import type { UnitFact, UnitSummary } from "../../src/domains/units/rules.ts"
import type { LocationDetail } from "../../src/domains/warehouses/rules.ts"
import type { LinkId, LocationId, MovementId, OrderId, OrganizationId, ProductId, UnitId } from "../../src/kernel/ids.ts"
import { type Result, refuse } from "../../src/kernel/result.ts"
import type { Bindings } from "../../src/platform/env.ts"
import type { LotNamed } from "./commands/lots.ts"
import * as reads from "./reads.ts"
import type { LedgerStore } from "./store/index.ts"

/** What a ledger can be asked, beside what it can be told. */
export abstract class LedgerReader extends DurableObject<Bindings> {
  /** All that the ledger holds; undefined before anybody owns it (INV-LED-2). */
  protected abstract get books(): LedgerStore | undefined

  async readOrder(organizationId: OrganizationId, id: OrderId): Promise<OrderFacts | undefined> {
    return this.books === undefined ? undefined : reads.order(this.books, organizationId, id)
  }

  async readLink(organizationId: OrganizationId, id: LinkId): Promise<LinkWithTerms | undefined> {
    return this.books === undefined ? undefined : reads.link(this.books, organizationId, id)
  }

  async readProduct(organizationId: OrganizationId, id: ProductId): Promise<ProductDetail | undefined> {
    return this.books === undefined ? undefined : reads.product(this.books, organizationId, id)
  }

  async readUnit(organizationId: OrganizationId, id: UnitId): Promise<UnitFact | undefined> {
    return this.books === undefined ? undefined : reads.unit(this.books, organizationId, id)
  }

  async readUnitSummary(organizationId: OrganizationId, id: ProductId): Promise<UnitSummary | undefined> {
    return this.books === undefined ? undefined : reads.unitSummary(this.books, organizationId, id)
  }

  async readMovement(organizationId: OrganizationId, id: MovementId): Promise<ShownMovement | undefined> {
    return this.books === undefined ? undefined : reads.movement(this.books, organizationId, id)
  }

  async readLotTrace(organizationId: OrganizationId, lot: LotNamed): Promise<Result<LotTrace>> {
    return this.books === undefined ? refuse("NOT_FOUND") : reads.lotTrace(this.books, organizationId, lot)
  }

  async readLocation(organizationId: OrganizationId, id: LocationId): Promise<LocationDetail | undefined> {
    return this.books === undefined ? undefined : reads.location(this.books, organizationId, id)
  }

  async readStockValue(organizationId: OrganizationId): Promise<StockValue | undefined> {
    return this.books === undefined ? undefined : reads.stockValue(this.books, organizationId)
  }
}
