/** The only way into this domain. */
export { findOrder } from "./find-order.ts"
export { orderEndpoints } from "./http.ts"
export { orderStatuses } from "./rules.ts"
export { orderStore } from "./store.ts"
export type { OrderRow } from "./tables.ts"
export { orderOfRow } from "./views.ts"
