import { bundleComponents } from "../../../src/domains/bundles/tables.ts"
import { products } from "../../../src/domains/catalog/tables.ts"
import { kindOf } from "./kind.ts"

export const product = kindOf({
  table: products,
  source: (store) => store.products.table,
  rows: (product, common) => [{ ...product, ...common }],
})

export const component = kindOf({
  table: bundleComponents,
  source: (store) => store.components.table,
  rows: (component, common) => [{ ...component, ...common }],
})
