/** The only way into this domain. */
export { movementEndpoints } from "./http-movements.ts"
export { lotNumberInput } from "./movement-schemas.ts"
