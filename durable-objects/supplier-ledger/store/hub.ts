import type { BundleComponent, ComponentRole, Part } from "../../../src/domains/bundles/rules.ts"
import type { Variant } from "../../../src/domains/catalog/rules.ts"
import type { BundleComponentId, ProductId } from "../../../src/kernel/ids.ts"

/** A variant's columns beside its product's, null where the product is none. */
export type VariantRecord = {
  identity_id: Variant["identityId"]
  color: Variant["color"]
  size: Variant["size"]
  condition: Variant["condition"]
}

type ComponentRecord = {
  id: BundleComponentId
  parent_id: ProductId
  child_id: ProductId
  quantity_milli: number
  role: ComponentRole
  created_at: number
  removed_at: number | null
  version: number
  seq: number
}

/** Which products are variants, and what bundles are made of. It decides nothing; every write belongs to its caller's transaction. */
export class HubStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  insertVariant(productId: ProductId, { identityId, color, size, condition }: Variant): void {
    this.#sql.exec(
      "INSERT INTO product_variants (product_id, identity_id, color, size, condition) VALUES (?, ?, ?, ?, ?)",
      productId,
      identityId,
      color,
      size,
      condition,
    )
  }

  /** Also one that was taken out. */
  component(id: BundleComponentId): BundleComponent | undefined {
    const [row] = this.#sql.exec<ComponentRecord>("SELECT * FROM bundle_components WHERE id = ?", id).toArray()
    return row === undefined ? undefined : componentOf(row)
  }

  /** What the bundle is made of, directly. */
  componentsOf(parentId: ProductId): BundleComponent[] {
    return this.#sql
      .exec<ComponentRecord>("SELECT * FROM bundle_components WHERE parent_id = ? AND removed_at IS NULL ORDER BY child_id", parentId)
      .toArray()
      .map(componentOf)
  }

  /** The same, as rules of bundles walk it. */
  partsOf(parentId: ProductId): Part[] {
    return this.componentsOf(parentId).map(({ childId, quantityMilli }) => ({ childId, quantityMilli }))
  }

  /** The bundles that it is a component of, directly; at most so many. */
  parentsOf(childId: ProductId, max: number): ProductId[] {
    return this.#sql
      .exec<{ parent_id: ProductId }>(
        "SELECT parent_id FROM bundle_components WHERE child_id = ? AND removed_at IS NULL LIMIT ?",
        childId,
        max,
      )
      .toArray()
      .map((row) => row.parent_id)
  }

  saveComponent(component: BundleComponent): void {
    this.#sql.exec(
      `INSERT INTO bundle_components (id, parent_id, child_id, quantity_milli, role, created_at, removed_at, version, seq)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET removed_at = ?7, version = ?8, seq = ?9`,
      component.id,
      component.parentId,
      component.childId,
      component.quantityMilli,
      component.role,
      component.createdAt,
      component.removedAt,
      component.version,
      component.seq,
    )
  }
}

const componentOf = (row: ComponentRecord): BundleComponent => ({
  id: row.id,
  parentId: row.parent_id,
  childId: row.child_id,
  quantityMilli: row.quantity_milli,
  role: row.role,
  createdAt: row.created_at,
  removedAt: row.removed_at,
  version: row.version,
  seq: row.seq,
})
