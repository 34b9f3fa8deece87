/** The only way into this domain. */
export { partnerEndpoints } from "./http.ts"
export { linkStore } from "./store.ts"
