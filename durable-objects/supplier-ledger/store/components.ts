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

  /** Every bundle that it is part of, on whatever level; at most so many. */
  above(childId: ProductId, max: number): ProductId[] {
    return this.#sql
      .exec<{ id: ProductId }>(
        `WITH RECURSIVE above (id) AS (
           SELECT parent_id FROM bundle_components WHERE child_id = ? AND removed_at IS NULL
           UNION SELECT b.parent_id FROM above CROSS JOIN bundle_components b ON b.child_id = above.id AND b.removed_at IS NULL)
         SELECT id FROM above LIMIT ?`,
        childId,
        max,
      )
      .toArray()
      .map(({ id }) => id)
  }

  /** When the components of any of these last changed, also by one that was taken out; 0 where none ever had any. */
  seqOf(parentIds: readonly ProductId[]): number {
    return this.#sql
      .exec<{ seq: number }>(
        `SELECT coalesce(max((SELECT max(seq) FROM bundle_components WHERE parent_id = asked.value)), 0) AS seq FROM json_each(?) asked`,
        JSON.stringify(parentIds),
      )
      .one().seq
  }

  save(component: BundleComponent): void {
    this.table.save(component)
  }
}
