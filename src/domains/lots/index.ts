/** The only way into this domain. */
export { lotEndpoints } from "./http.ts"
