import type { RoutingNumber } from "../../src/kernel/ids.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { callObject } from "../shared/call-object.ts"
import type { Behind, LateLedger, LedgerWatch } from "./ledger-watch.ts"

export type { Behind, LateLedger } from "./ledger-watch.ts"

/** There is one; its name is written nowhere else. */
const objectName = "the-watch"

type LedgerWatchClient = {
  report(late: LateLedger, now: Instant): Promise<void>
  leave(routing: RoutingNumber): Promise<void>
  behind(): Promise<Behind>
  ping(): Promise<"pong">
}

/** The one LedgerWatch. Everything it offers may be repeated. @throws when the object cannot be reached. */
export function ledgerWatchOf({ LEDGER_WATCH }: Pick<Bindings, "LEDGER_WATCH">, meter?: Meter): LedgerWatchClient {
  const call = <T>(use: (watch: DurableObjectStub<LedgerWatch>) => Promise<T>): Promise<T> =>
    callObject(LEDGER_WATCH, objectName, use, { meter })
  return {
    report: (late, now) => call((watch) => watch.report(late, now)),
    leave: (routing) => call((watch) => watch.leave(routing)),
    behind: () => call((watch) => watch.behind()),
    ping: () => call((watch) => watch.ping()),
  }
}
