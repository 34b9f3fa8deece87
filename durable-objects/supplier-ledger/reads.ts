import type { ProductFacts } from "../../src/domains/catalog/rules.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import type { LinkWithTerms } from "../../src/domains/partners/rules.ts"
import type { UnitFact, UnitSummary } from "../../src/domains/units/rules.ts"
import type { LinkId, OrderId, OrganizationId, ProductId, UnitId } from "../../src/kernel/ids.ts"
import { linkSideOf } from "./commands/links.ts"
import { orderSideOf } from "./commands/orders.ts"
import { withTerms } from "./commands/terms.ts"
import { unitFactOf } from "./commands/units.ts"
import type { LedgerStore } from "./store/index.ts"

/** What an organization may know of this ledger's things, as the ledger has them now. */

export function order(store: LedgerStore, organizationId: OrganizationId, id: OrderId): OrderFacts | undefined {
  const found = store.orders.find(id)
  const side = found === undefined ? undefined : orderSideOf(found, organizationId)
  return found === undefined || side === undefined ? undefined : side === "buyer" ? { ...found, internalNote: null } : found
}

export function link(store: LedgerStore, organizationId: OrganizationId, id: LinkId): LinkWithTerms | undefined {
  const found = store.links.find(id)
  return found !== undefined && linkSideOf(found, organizationId) !== undefined ? withTerms(store, found) : undefined
}

export function product(store: LedgerStore, organizationId: OrganizationId, id: ProductId): ProductFacts | undefined {
  const found = store.products.find(id)
  return found?.supplierId === organizationId ? found : undefined
}

/** An own unit. */
export function unit(store: LedgerStore, organizationId: OrganizationId, id: UnitId): UnitFact | undefined {
  const found = organizationId === store.organization.id ? store.units.find(id) : undefined
  return found === undefined ? undefined : unitFactOf(store, found)
}

/** How many units of an own product are in which state, beside what there is of it in all. */
export function unitSummary(store: LedgerStore, organizationId: OrganizationId, id: ProductId): UnitSummary | undefined {
  const found = product(store, organizationId, id)
  if (found === undefined) return undefined
  const { sku, stockMilli, availableMilli } = found
  return {
    productId: id,
    sku,
    onHandMilli: stockMilli,
    reservedMilli: store.levels.reservedOfProduct(id),
    availableMilli,
    counts: store.units.countByStatus(id),
  }
}
