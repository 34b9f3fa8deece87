/** The only way into this domain. */
export { orderEndpoints } from "./http.ts"
