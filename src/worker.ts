import { announceEvents, endConnections } from "../durable-objects/event-hub/client.ts"
import { importJobOf } from "../durable-objects/import-job/import-job.ts"
import { createApp } from "./app.ts"
import { consumers } from "./consumers.ts"
import { claimsOfTicket } from "./domains/chat/index.ts"
import { endpoints } from "./domains/endpoints.ts"
import { directory } from "./domains/identity/index.ts"
import { runImport } from "./domains/imports/index.ts"
import { runCron } from "./jobs.ts"
import type { Bindings, QueueMessage } from "./platform/env.ts"
import { consume } from "./platform/events/consume.ts"
import { consumeDeadLetters, deadLetterQueue } from "./platform/events/dead-letters.ts"
import { observer } from "./platform/log/observe.ts"

export { ChatDirectory } from "../durable-objects/chat-directory/chat-directory.ts"
export { ChatInbox } from "../durable-objects/chat-inbox/chat-inbox.ts"
export { ChatRoom } from "../durable-objects/chat-room/chat-room.ts"
export { EventHub } from "../durable-objects/event-hub/event-hub.ts"
export { LedgerWatch } from "../durable-objects/ledger-watch/ledger-watch.ts"
export { SupplierLedger } from "../durable-objects/supplier-ledger/supplier-ledger.ts"

/** The object is a shell; what an import does is the domain's, which no object knows. */
export const ImportJob = importJobOf(runImport)

const app = createApp(endpoints, {
  directory: { ...directory, claimsOfTicket },
  observer,
  live: { announce: announceEvents, revoke: endConnections },
  clock: Date.now,
})

export default {
  fetch: app.fetch,
  async queue(batch, env) {
    if (batch.queue === deadLetterQueue) await consumeDeadLetters(batch, env)
    else await consume(batch, env, consumers)
  },
  async scheduled(event, env, execution) {
    execution.waitUntil(runCron(event.cron, event.scheduledTime, env))
  },
} satisfies ExportedHandler<Bindings, QueueMessage>
