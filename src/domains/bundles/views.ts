import { quantityNumber } from "../../kernel/quantity.ts"
import { RefusalError } from "../../kernel/result.ts"
import { formatInstant } from "../../kernel/time.ts"
import { availabilityOf, type Buildable, type Explosion, explode, type Part } from "./rules.ts"
import type { ComponentRow, Tree } from "./store.ts"

export const toComponentView = (row: ComponentRow) => ({
  id: row.id,
  parent_id: row.parentId,
  parent_sku: row.parent.sku,
  parent_name: row.parent.name,
  child_id: row.childId,
  ...row.child,
  quantity: quantityNumber(row.quantityMilli),
  role: row.role,
  created_at: formatInstant(row.createdAt),
  version: row.version,
})

/** @throws RefusalError UNAVAILABLE: D1 shows a state between two changes, which no ledger ever had. */
function taken({ product, components }: Tree): Explosion {
  const parts = Map.groupBy(components, ({ parentId }): string => parentId)
  const explosion = explode((id): readonly Part[] => parts.get(id) ?? [], product.id)
  if (!explosion.ok) throw new RefusalError({ code: "UNAVAILABLE", detail: "The bundle is being changed; try again in a moment." })
  return explosion.value
}

export function toDirectBom({ product, components }: Tree) {
  const bundles = new Set(components.map(({ parentId }) => parentId))
  return components
    .filter(({ parentId }) => parentId === product.id)
    .map((row) => ({
      component_id: row.id,
      parent_id: row.parentId,
      child_id: row.childId,
      ...row.child,
      quantity: quantityNumber(row.quantityMilli),
      role: row.role,
      is_bundle: bundles.has(row.childId),
    }))
}

/** INV-BDL-6: what one unit comes apart into, on the lowest level. */
export function toDeepBom(tree: Tree) {
  const { leaves, levels } = taken(tree)
  if (levels === 0) return []
  return [...leaves].sort(byProduct).map(([id, quantityMilli]) => ({
    component_id: null,
    parent_id: tree.product.id,
    child_id: id,
    ...namesOf(tree, id),
    quantity: quantityNumber(quantityMilli),
    role: null,
    is_bundle: false,
  }))
}

export function toAvailabilityView(tree: Tree) {
  const { product } = tree
  const explosion = taken(tree)
  // Rows of before it was counted were given their stock.
  const stockOf = (id: string): number => {
    const row = tree.products.get(id as typeof product.id)
    return row?.availableMilli ?? row?.stockMilli ?? 0
  }
  const { buildableMilli, limiting, components } = availabilityOf(explosion, product.quantityStepMilli, stockOf)
  const view = (one: Buildable) => ({
    product_id: one.productId,
    ...namesOf(tree, one.productId),
    quantity: quantityNumber(one.quantityMilli),
    stock_quantity: quantityNumber(one.stockMilli),
    buildable: quantityNumber(one.buildableMilli),
  })
  return {
    product_id: product.id,
    sku: product.sku,
    name: product.name,
    buildable: quantityNumber(buildableMilli),
    limiting: limiting === undefined ? null : view(limiting),
    components: explosion.levels === 0 ? [] : components.map(view),
  }
}

const byProduct = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

function namesOf({ products }: Tree, id: Tree["product"]["id"]) {
  const product = products.get(id)
  return { sku: product?.sku ?? "", name: product?.name ?? "", unit: product?.unit ?? "" }
}
