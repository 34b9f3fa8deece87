/** The only way into this domain. */
export { warehouseEndpoints } from "./http.ts"
export { isSellableFrom, type LocationKind, locationKinds } from "./rules.ts"
export { isOperated, locations } from "./tables.ts"
