/** The only way into this domain. */

export { inventoryEndpoints } from "./http.ts"
export { movementEndpoints } from "./http-movements.ts"
export { lotNumberInput } from "./movement-schemas.ts"
