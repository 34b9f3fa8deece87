/** The only way into this domain. */
export { catalogEndpoints } from "./http.ts"
