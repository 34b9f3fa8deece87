/** The only way into this domain. */
export { warehouseEndpoints } from "./http.ts"
export { isOperated } from "./tables.ts"
