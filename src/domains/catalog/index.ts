/** The only way into this domain. */
export { catalogEndpoints } from "./http.ts"
export { type Condition, conditions, type ProductFacts, type VariantAttributes } from "./rules.ts"
export {
  createProductInput,
  gtinInput,
  type ProductBody,
  productName,
  productTermsInput,
  productView,
  updateProductInput,
} from "./schemas.ts"
export { catalogStore } from "./store.ts"
export { isVariant, type ProductRow, products } from "./tables.ts"
export { createProductOf, termsOf } from "./terms.ts"
export { imageUrls, productEtag, productOfRow, sightOf, toProductView } from "./views.ts"
