import { type SQL, sql } from "drizzle-orm"
import type { BundleComponentId, ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Row } from "../../platform/db/executor.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type ProductRow, products } from "../catalog/index.ts"
import { bundleComponents } from "./tables.ts"

type ProductName = Pick<ProductRow, "sku" | "name" | "unit">

/** A component with what its two products are called. */
export type ComponentRow = Omit<typeof bundleComponents.$inferSelect, "orgId" | "generation"> & {
  readonly parent: Pick<ProductName, "sku" | "name">
  readonly child: ProductName
}

/** A bundle with everything below it: enough to take it apart. */
export type Tree = {
  readonly product: ProductRow
  readonly components: readonly ComponentRow[]
  readonly products: ReadonlyMap<ProductId, ProductRow>
}

const names = sql`p.sku as parent_sku, p.name as parent_name, c.sku as child_sku, c.name as child_name, c.unit as child_unit`

/** The two products of a component `b`. */
const named = (orgId: string): SQL => sql`
  cross join products p on p.org_id = ${orgId} and p.id = b.parent_id
  cross join products c on c.org_id = ${orgId} and c.id = b.child_id`

const componentOf = (row: Row): ComponentRow => {
  const { orgId: _orgId, generation: _generation, ...component } = decodeRow(bundleComponents, row)
  const text = (name: string): string => row[name] as string
  return {
    ...component,
    parent: { sku: text("parent_sku"), name: text("parent_name") },
    child: { sku: text("child_sku"), name: text("child_name"), unit: text("child_unit") },
  }
}

export const bundleStore = (db: TenantDb) => ({
  /** All components of all bundles, newest first. */
  async all(after: BundleComponentId | undefined, rowsMax: number): Promise<ComponentRow[]> {
    const [rows = []] = await db.query(
      (orgId) => sql`select b.*, ${names} from bundle_components b indexed by bundle_components_live ${named(orgId)}
        where b.org_id = ${orgId} and b.removed_at is null ${after === undefined ? sql`` : sql`and b.id < ${after}`}
        order by b.id desc limit ${rowsMax}`,
    )
    return rows.map(componentOf)
  },

  /** The bundles that a product is in, directly, newest first; undefined where the organization has no such product. */
  async whereUsed(childId: ProductId, after: BundleComponentId | undefined, rowsMax: number): Promise<ComponentRow[] | undefined> {
    const [known = [], rows = []] = await db.query(
      (orgId) => sql`select 1 from products where org_id = ${orgId} and id = ${childId} and archived_at is null`,
      (orgId) => sql`select b.*, ${names} from bundle_components b indexed by bundle_components_child ${named(orgId)}
        where b.org_id = ${orgId} and b.child_id = ${childId} and b.removed_at is null ${after === undefined ? sql`` : sql`and b.id < ${after}`}
        order by b.id desc limit ${rowsMax}`,
    )
    return known.length === 0 ? undefined : rows.map(componentOf)
  },

  /**
   * A product with all that is below it, over as many levels as bundles have, in one trip; undefined where the
   * organization has no such product. What INV-BDL-2 and INV-BDL-3 allow bounds what is read.
   */
  async tree(id: ProductId): Promise<Tree | undefined> {
    const below = (orgId: string) => sql`with recursive below (id, level) as (
      select ${id}, 0 union
      select b.child_id, below.level + 1 from below cross join bundle_components b indexed by bundle_components_parent
        on b.org_id = ${orgId} and b.parent_id = below.id and b.removed_at is null
      where below.level < ${limits.bundleLevelsMax}),
      here (id) as (select distinct id from below)`
    const [rows = [], found = []] = await db.query(
      (orgId) => sql`${below(orgId)} select b.*, ${names} from here
        cross join bundle_components b indexed by bundle_components_parent on b.org_id = ${orgId} and b.parent_id = here.id and b.removed_at is null
        ${named(orgId)} order by b.parent_id, b.child_id`,
      (orgId) => sql`${below(orgId)} select p.* from here cross join products p on p.org_id = ${orgId} and p.id = here.id`,
    )
    const all = new Map(found.map((row) => decodeRow(products, row)).map((row) => [row.id, row]))
    const product = all.get(id)
    return product === undefined || product.archivedAt !== null ? undefined : { product, components: rows.map(componentOf), products: all }
  },
})
