/** The only way into this domain. */
export { catalogEndpoints } from "./http.ts"
export { createProductInput } from "./schemas.ts"
export { createProductOf } from "./terms.ts"
