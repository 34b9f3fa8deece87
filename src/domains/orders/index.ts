/** The only way into this domain. */
export { findOrder } from "./find-order.ts"
export { orderEndpoints } from "./http.ts"
export { orderStatuses } from "./rules.ts"
