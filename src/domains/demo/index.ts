/** The only way into this domain. */
export { demoEndpoints } from "./http.ts"
