import type { Delivered, EphemeralFrame } from "../../durable-objects/chat-inbox/client.ts"
import { importJobOf } from "../../durable-objects/import-job/import-job.ts"
import type { MessageFacts } from "../../src/domains/chat/rules.ts"
import { runImport } from "../../src/domains/imports/index.ts"
import type { Bindings } from "../../src/platform/env.ts"
import api, { ChatInbox as DeployedInbox, SupplierLedger as DeployedLedger } from "../../src/worker.ts"
import { BareInbox, floorCallHeader } from "./chat-floor.ts"
import { atADistance } from "./distance.ts"
import { listeningToRooms, whileListening, withFloor } from "./floor.ts"

// Every other object as it is deployed; what is exported here by name goes before.
export * from "../../src/worker.ts"

/** The deployed ledger; what it projects, and what its callers wait for, crosses the distance too. */
export class SupplierLedger extends DeployedLedger {
  constructor(state: DurableObjectState, env: Bindings) {
    super(state, atADistance(env))
  }
}

/** The deployed import; what it asks of the database, ledgers and the bucket can be recorded. */
export const ImportJob = importJobOf((desk) => runImport({ ...desk, env: whileListening(atADistance(desk.env)) }))

/** The deployed inbox; what it asks of rooms can be recorded. With a floor's socket open it is a bare one instead. */
export class ChatInbox extends DeployedInbox {
  readonly #bare: BareInbox

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, listeningToRooms(atADistance(env)))
    this.#bare = new BareInbox(state, env)
  }

  override async fetch(request: Request): Promise<Response> {
    const call = request.headers.get(floorCallHeader)
    return call === null ? super.fetch(request) : this.#bare.open(call)
  }

  override async webSocketMessage(raw: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#bare.has(raw) ? this.#bare.say(raw, data) : super.webSocketMessage(raw, data)
  }

  override async deliver(messages: readonly MessageFacts[]): Promise<Delivered> {
    return this.#bare.isOpen ? this.#bare.deliver(messages) : super.deliver(messages)
  }

  override async notify(frames: readonly EphemeralFrame[]): Promise<void> {
    return this.#bare.isOpen ? this.#bare.notify(frames) : super.notify(frames)
  }
}

/** The deployed Worker with its floor beside it, in one process. */
export default {
  ...api,
  ...withFloor({ fetch: (request, env, execution) => api.fetch(request, whileListening(atADistance(env)), execution) }),
}
