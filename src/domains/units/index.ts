/** The only way into this domain. */
export { unitEndpoints } from "./http.ts"
