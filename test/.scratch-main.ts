import { DurableObject } from "cloudflare:workers"
export { LedgerWatch } from "../durable-objects/ledger-watch/ledger-watch.ts"
export class SupplierLedger extends DurableObject {}
export default { async fetch() { return new Response("scratch") }, async queue() {} }
