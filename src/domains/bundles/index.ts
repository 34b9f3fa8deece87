/** The only way into this domain. */
export { bundleEndpoints } from "./http.ts"
