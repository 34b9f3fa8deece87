import type { RoutingNumber } from "../../src/kernel/ids.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import type { Behind, LateLedger, LedgerWatch } from "./ledger-watch.ts"

export type { Behind, LateLedger } from "./ledger-watch.ts"

/** There is one; its name is written nowhere else. */
const objectName = "the-watch"

export type LedgerWatchClient = {
  report(late: LateLedger, now: Instant): Promise<void>
  leave(routing: RoutingNumber): Promise<void>
  behind(): Promise<Behind>
  ping(): Promise<"pong">
}

/** The one LedgerWatch. Every call takes a new stub, since a stub stays broken after an error. @throws when the object cannot be reached. */
export function ledgerWatchOf(env: Pick<Bindings, "LEDGER_WATCH">, meter?: Meter): LedgerWatchClient {
  async function call<T>(ask: (stub: DurableObjectStub<LedgerWatch>) => Promise<T>): Promise<T> {
    const started = performance.now()
    try {
      const namespace = env.LEDGER_WATCH as unknown as DurableObjectNamespace<LedgerWatch>
      return await ask(namespace.get(namespace.idFromName(objectName)))
    } finally {
      meter?.add({ objectCalls: 1, objectMs: performance.now() - started })
    }
  }
  return {
    report: (late, now) => call(async (stub) => stub.report(late, now)),
    leave: (routing) => call(async (stub) => stub.leave(routing)),
    behind: () => call(async (stub) => stub.behind()),
    ping: () => call(async (stub) => stub.ping()),
  }
}
