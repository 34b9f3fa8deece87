import type { Bindings } from "../../src/platform/env.ts"
import api, { ChatInbox as DeployedInbox, SupplierLedger as DeployedLedger } from "../../src/worker.ts"
import { atADistance } from "./distance.ts"
import { listeningToRooms, withFloor } from "./floor.ts"

// Every other object as it is deployed; what is exported here by name goes before.
export * from "../../src/worker.ts"

/** The deployed ledger; what it projects, and what its callers wait for, crosses the distance too. */
export class SupplierLedger extends DeployedLedger {
  constructor(state: DurableObjectState, env: Bindings) {
    super(state, atADistance(env))
  }
}

/** The deployed inbox; what it asks of rooms can be recorded. */
export class ChatInbox extends DeployedInbox {
  constructor(state: DurableObjectState, env: Bindings) {
    super(state, listeningToRooms(atADistance(env)))
  }
}

/** The deployed Worker with its floor beside it, in one process. */
export default { ...api, ...withFloor({ fetch: (request, env, execution) => api.fetch(request, atADistance(env), execution) }) }
