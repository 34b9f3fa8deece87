import type { ProductDetail } from "../../src/domains/catalog/rules.ts"
import { type ShownMovement, type StockValue, valueOf } from "../../src/domains/inventory/rules.ts"
import type { LotTrace } from "../../src/domains/lots/rules.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import type { LinkWithTerms } from "../../src/domains/partners/rules.ts"
import type { UnitFact, UnitSummary } from "../../src/domains/units/rules.ts"
import type { LocationDetail } from "../../src/domains/warehouses/rules.ts"
import type { LinkId, LocationId, MovementId, OrderId, OrganizationId, ProductId, UnitId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { ok, type Result, refuse } from "../../src/kernel/result.ts"
import { linkSideOf } from "./commands/links.ts"
import { type LotNamed, lotNamed } from "./commands/lots.ts"
import { orderSideOf } from "./commands/orders.ts"
import { withTerms } from "./commands/terms.ts"
import { unitFactOf } from "./commands/units.ts"
import { shownMovement } from "./projections/stock.ts"
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

/** INV-WHS-5: a place, and what it holds, to its owner and to whoever runs it now. */
export function location(store: LedgerStore, organizationId: OrganizationId, id: LocationId): LocationDetail | undefined {
  const { id: ownerId } = store.organization
  const found = store.locations.find(id)
  if (found === undefined || found.archivedAt !== null) return undefined
  if (ownerId !== organizationId && found.operator?.id !== organizationId) return undefined
  return { ...found, isDefault: found.isDefault && ownerId === organizationId, ownerId, holds: store.holdings.of(id) }
}

/** What the stock is worth, to its owner alone; with the places that hold any. */
export function stockValue(store: LedgerStore, organizationId: OrganizationId): StockValue | undefined {
  return store.organization.id === organizationId ? valueOf(store.costs.valued(), (id) => store.locations.find(id)) : undefined
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

export function movement(store: LedgerStore, organizationId: OrganizationId, id: MovementId): ShownMovement | undefined {
  const found = store.organization.id === organizationId ? store.movements.find(id) : undefined
  return found === undefined ? undefined : shownMovement(store, found)
}

/** A lot backward and forward. Orders are summed by order, all else is told movement by movement; both within limits. */
export function lotTrace(store: LedgerStore, organizationId: OrganizationId, asked: LotNamed): Result<LotTrace> {
  if (store.organization.id !== organizationId) return refuse("NOT_FOUND", "There is no such lot.")
  const named = lotNamed(store, asked)
  if (!named.ok) return named
  const { lot, product } = named.value
  const orders = store.movements.ordersOfLot(lot.id)
  const movements = store.movements.ofLotBesideOrders(lot.id, limits.lotTraceMovementsMax + 1)
  return ok({
    lot,
    product: { id: product.id, sku: product.sku, name: product.name, unit: product.unit },
    orders: orders.slice(0, limits.lotOrdersMax),
    movements: movements.slice(0, limits.lotTraceMovementsMax).map((one) => shownMovement(store, one)),
    places: store.levels.ofLot(lot.id).flatMap((level) => {
      const place = store.locations.find(level.locationId)
      const [reservedMilli, incomingMilli] = [store.levels.reservedOf(level), store.levels.incomingOf(level)]
      if (place === undefined || (level.onHandMilli === 0 && incomingMilli === 0)) return []
      const { id, code, name, kind } = place
      return [{ id, code, name, kind, onHandMilli: level.onHandMilli, reservedMilli, incomingMilli }]
    }),
    isCutShort: orders.length > limits.lotOrdersMax || movements.length > limits.lotTraceMovementsMax,
  })
}
