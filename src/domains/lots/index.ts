/** The only way into this domain. */
export { lotEndpoints } from "./http.ts"
export { lotNumberInput } from "./schemas.ts"
