import type { BundleComponent, Part } from "../../../src/domains/bundles/rules.ts"
import type { BundleComponentId, ProductId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

/** What bundles are made of. What was taken out stays, with when. */
export class Components {
  readonly table: LedgerTable<BundleComponent>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<BundleComponent>(sql, {
      name: "bundle_components",
      key: ["id"],
      forms: {
        id: "value",
        parentId: "value",
        childId: "value",
        quantityMilli: "value",
        role: "value",
        createdAt: "value",
        removedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => row,
    })
  }

  /** Also one that was taken out. */
  find(id: BundleComponentId): BundleComponent | undefined {
    return this.table.find(id)
  }

  /** What the bundle is made of, directly. */
  ofBundle(parentId: ProductId): BundleComponent[] {
    return this.table.where("parent_id = ? AND removed_at IS NULL ORDER BY child_id", parentId)
  }

  /** The same, as rules of bundles walk it. */
  partsOf(parentId: ProductId): Part[] {
    return this.ofBundle(parentId).map(({ childId, quantityMilli }) => ({ childId, quantityMilli }))
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

  save(component: BundleComponent): void {
    this.table.save(component)
  }
}
