/** The only way into this domain. */
export { inventoryEndpoints } from "./http.ts"
