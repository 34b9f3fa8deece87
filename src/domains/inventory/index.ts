/** The only way into this domain. */
export { movementEndpoints } from "./http-movements.ts"
export { toMovementView } from "./movement-views.ts"
