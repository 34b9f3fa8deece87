import { bundleComponents } from "../../src/domains/bundles/tables.ts"
import { products } from "../../src/domains/catalog/tables.ts"
import type { Movement } from "../../src/domains/inventory/rules.ts"
import { locations, stockLevels, stockMovements } from "../../src/domains/inventory/tables.ts"
import type { OrderFacts } from "../../src/domains/orders/rules.ts"
import { orders } from "../../src/domains/orders/tables.ts"
import { links } from "../../src/domains/partners/tables.ts"
import type { BundleComponentId, LinkId, LocationId, OrderId, OrganizationId, ProductId } from "../../src/kernel/ids.ts"
import { assertNever } from "../../src/kernel/result.ts"
import type { Statement } from "../../src/platform/db/executor.ts"
import { appendOnly, type ProjectedRow, projection } from "../../src/platform/db/projection.ts"
import { auditLogs, events } from "../../src/platform/events/tables.ts"
import type { OutboxItem } from "../shared/outbox.ts"
import type { LedgerStore } from "./store.ts"

/** Kinds of things that D1 shows. `stock` is a product's quantity alone: a sale rewrites two columns and no index. */
export type ProjectedKind = "location" | "product" | "stock" | "level" | "movement" | "link" | "order" | "component"

export const projections = {
  locations: projection(locations, ["org_id", "id"]),
  products: projection(products, ["org_id", "id"]),
  stock_levels: projection(stockLevels, ["org_id", "product_id", "location_id"]),
  stock_movements: projection(stockMovements, ["org_id", "id"]),
  links: projection(links, ["org_id", "id"]),
  orders: projection(orders, ["org_id", "id"]),
  bundle_components: projection(bundleComponents, ["org_id", "id"]),
} as const

export const appended = {
  audit_logs: appendOnly(auditLogs, ["org_id", "id"]),
  events: appendOnly(events, ["org_id", "id"]),
} as const

/** Whose events are among these items. */
export function eventOrganizations(items: ReadonlyArray<OutboxItem<ProjectedKind>>): OrganizationId[] {
  const found = items.flatMap((item) =>
    item.type === "append" && item.table === "events" ? [appended.events.organizationOf(item.rowJson)] : [],
  )
  return [...new Set(found)]
}

export type ProjectedTable = keyof typeof projections

/** The statement that writes rows of a target, each a JSON array. */
export function statementFor(target: string, rows: readonly string[]): Statement {
  if (target === "stock") return projections.products.upsertOnly(["stock_milli", "stock_seq"], "stock_seq", rows)
  if (target === "audit_logs" || target === "events") return appended[target].insert(rows)
  if (Object.hasOwn(projections, target)) return projections[target as ProjectedTable].upsert(rows)
  throw new Error(`no projection ${target}`)
}

export type TargetRow = { readonly target: ProjectedTable | "stock"; readonly row: ProjectedRow }

/** The rows that D1 should hold of a thing as the ledger has it now. */
export function rowsOf(store: LedgerStore, kind: ProjectedKind, id: string): TargetRow[] {
  const orgId = store.organization.id
  const generation = store.meta("generation")
  switch (kind) {
    case "location": {
      const location = store.location(id as LocationId)
      return location === undefined ? [] : [{ target: "locations", row: projections.locations.encode({ orgId, ...location, generation }) }]
    }
    case "product":
    case "stock": {
      const product = store.product(id as ProductId)
      if (product === undefined) return []
      return [{ target: kind === "stock" ? "stock" : "products", row: projections.products.encode({ ...product, orgId, generation }) }]
    }
    case "level": {
      const [productId, locationId] = id.split(" ") as [ProductId, LocationId]
      const level = store.level(productId, locationId)
      return level === undefined ? [] : [{ target: "stock_levels", row: projections.stock_levels.encode({ orgId, ...level, generation }) }]
    }
    case "movement": {
      const movement = store.movement(id)
      return movement === undefined ? [] : [movementRow(orgId, movement, generation)]
    }
    case "link":
      return linkRows(store, id as LinkId, generation)
    case "order": {
      const order = store.order(id as OrderId)
      return order === undefined ? [] : orderRows(order, generation)
    }
    case "component": {
      const component = store.hub.component(id as BundleComponentId)
      return component === undefined
        ? []
        : [{ target: "bundle_components", row: projections.bundle_components.encode({ orgId, ...component, generation }) }]
    }
    default:
      return assertNever(kind)
  }
}

const movementRow = (orgId: OrganizationId, movement: Movement, generation: number): TargetRow => ({
  target: "stock_movements",
  row: projections.stock_movements.encode({ orgId, ...movement, generation }),
})

function linkRows(store: LedgerStore, id: LinkId, generation: number): TargetRow[] {
  const link = store.link(id)
  if (link === undefined) return []
  const sharesStock = store.organization.settings.share_stock
  const { message, reason, createdAt, decidedAt, version, seq, status } = link
  const shared = { id, status, sharesStock, message, reason, createdAt, decidedAt, version, seq, generation }
  const supplier = {
    orgId: link.supplierId,
    side: "supplier" as const,
    counterpartyId: link.buyerId,
    counterpartyName: link.buyerName,
    ownName: link.supplierName,
  }
  const buyer = {
    orgId: link.buyerId,
    side: "buyer" as const,
    counterpartyId: link.supplierId,
    counterpartyName: link.supplierName,
    ownName: link.buyerName,
  }
  return [supplier, buyer].map((party) => ({ target: "links", row: projections.links.encode({ ...party, ...shared }) }))
}

/** INV-ORD-4: the buyer's row holds neither the supplier's internal note nor anything of its stock. */
function orderRows(order: OrderFacts, generation: number): TargetRow[] {
  const { supplierId, buyerId, internalNote, ...shared } = order
  const supplier = { ...shared, orgId: supplierId, side: "supplier" as const, counterpartyId: buyerId, internalNote }
  const buyer = { ...shared, orgId: buyerId, side: "buyer" as const, counterpartyId: supplierId, internalNote: null }
  return [supplier, buyer].map((party) => ({ target: "orders", row: projections.orders.encode({ ...party, generation }) }))
}
