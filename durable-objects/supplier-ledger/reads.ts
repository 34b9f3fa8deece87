import type { ProductDetail } from "../../src/domains/catalog/rules.ts"
import { type StockValue, valueOf } from "../../src/domains/inventory/rules.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import type { LinkWithTerms } from "../../src/domains/partners/rules.ts"
import type { SeenLocation } from "../../src/domains/warehouses/rules.ts"
import type { LinkId, LocationId, OrderId, OrganizationId, ProductId } from "../../src/kernel/ids.ts"
import { linkSideOf } from "./commands/links.ts"
import { orderSideOf } from "./commands/orders.ts"
import { withTerms } from "./commands/terms.ts"
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

export function product(store: LedgerStore, organizationId: OrganizationId, id: ProductId): ProductDetail | undefined {
  const found = store.products.find(id)
  return found?.supplierId === organizationId ? { ...found, minimums: store.minimums.ofPlaces(id) } : undefined
}

/** INV-WHS-5: a place to its owner, and to whoever runs it now. */
export function location(store: LedgerStore, organizationId: OrganizationId, id: LocationId): SeenLocation | undefined {
  const { id: ownerId } = store.organization
  const found = store.locations.find(id)
  if (found === undefined || found.archivedAt !== null) return undefined
  if (ownerId === organizationId) return { ...found, ownerId }
  return found.operator?.id === organizationId ? { ...found, isDefault: false, ownerId } : undefined
}

/** What the stock is worth, to its owner alone; with the places that hold any. */
export function stockValue(store: LedgerStore, organizationId: OrganizationId): StockValue | undefined {
  return store.organization.id === organizationId ? valueOf(store.costs.valued(), (id) => store.locations.find(id)) : undefined
}
