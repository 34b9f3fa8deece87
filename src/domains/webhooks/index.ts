/** The only way into this domain. */
export { cleanUpWebhooks } from "./clean-up.ts"
export { deliver } from "./deliver.ts"
export { webhookEndpoints } from "./http.ts"
export { webhooksSubscriber } from "./subscriber.ts"
export { wakeDeliveries } from "./wake-deliveries.ts"
