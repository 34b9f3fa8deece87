/** The only way into this domain. */

export { inventoryEndpoints } from "./http.ts"
export { movementEndpoints } from "./http-movements.ts"
export { labelFields, readLabel } from "./label.ts"
export { lotNumberInput } from "./movement-schemas.ts"
