import { products } from "../../../src/domains/catalog/tables.ts"
import { kindOf } from "./kind.ts"

export const product = kindOf({
  table: products,
  source: (store) => store.products.table,
  rows: (product, common) => [{ ...product, ...common }],
})
