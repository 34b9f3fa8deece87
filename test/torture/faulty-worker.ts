import { env } from "cloudflare:workers"
import { stubOf } from "../../durable-objects/supplier-ledger/client.ts"
import type { RoutingNumber } from "../../src/kernel/ids.ts"
import type { Bindings, QueueMessage } from "../../src/platform/env.ts"
import worker, { SupplierLedger as RealLedger, LedgerWatch as RealWatch } from "../../src/worker.ts"
import { calm, type FaultRates } from "./faults.ts"

/**
 * Waybill's Worker with somebody who cuts its wires. Everything that goes wrong here goes wrong outside of the code
 * that is proved: the database's answers on the way, and objects that lose their memory in the middle of things.
 */
let rates: FaultRates = calm
const injected = { refused: 0, lost: 0, late: 0, hung: 0 }

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const broken = (): Error => new Error("D1_ERROR: Network connection lost.")

/** Longer than the relay waits for a batch: it has given up, perhaps sent another, when this one arrives after all. */
const hangMs = { least: 10_500, most: 12_500 }
const lateMs = { least: 50, most: 1_500 }
const between = ({ least, most }: { least: number; most: number }): number => least + Math.random() * (most - least)

// The Worker and the objects share an isolate, and so the class behind their bindings.
const prototype = Object.getPrototypeOf((env as unknown as Bindings).DB) as { batch: D1Database["batch"] }
const batch = prototype.batch
prototype.batch = async function <T>(this: D1Database, statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
  const fate = Math.random()
  const { refuse, lose, late, hang } = rates
  if (fate < refuse) {
    injected.refused += 1
    throw broken()
  }
  if (fate < refuse + lose) {
    injected.lost += 1
    await batch.call(this, statements)
    throw broken()
  }
  if (fate < refuse + lose + late) {
    injected.late += 1
    await sleep(between(lateMs))
  } else if (fate < refuse + lose + late + hang) {
    injected.hung += 1
    await sleep(between(hangMs))
  }
  return batch.call(this, statements) as Promise<D1Result<T>[]>
}

export { ChatInbox, ChatRoom, EventHub } from "../../src/worker.ts"

type Rows = Array<Record<string, SqlStorageValue>>
type Opened = { abortNow(): Promise<void>; rows(query: string): Promise<Rows> }

export class SupplierLedger extends RealLedger implements Opened {
  /** Takes the object out of memory at once, whatever it is doing; what it had not stored is gone. */
  async abortNow(): Promise<void> {
    this.ctx.abort("torture")
  }

  async rows(query: string): Promise<Rows> {
    return this.ctx.storage.sql.exec(query).toArray()
  }
}

export class LedgerWatch extends RealWatch implements Pick<Opened, "rows"> {
  async rows(query: string): Promise<Rows> {
    return this.ctx.storage.sql.exec(query).toArray()
  }
}

export default {
  ...worker,
  async fetch(request, bindings, execution) {
    const { pathname, searchParams } = new URL(request.url)
    if (!pathname.startsWith("/__torture/")) return worker.fetch(request, bindings, execution)
    const ledger = stubOf(bindings, Number(searchParams.get("routing")) as RoutingNumber) as unknown as Opened
    switch (pathname) {
      case "/__torture/faults":
        rates = (await request.json()) as FaultRates
        return Response.json(injected)
      case "/__torture/abort":
        // The call ends with the object, and so with an error.
        await ledger.abortNow().catch(() => undefined)
        return new Response(null, { status: 204 })
      case "/__torture/ledger-rows":
        return Response.json(await ledger.rows(await request.text()))
      case "/__torture/watch-rows": {
        const { LEDGER_WATCH: namespace } = bindings
        const watch = namespace.get(namespace.idFromName("the-watch")) as unknown as Opened
        return Response.json(await watch.rows(await request.text()))
      }
      default:
        return new Response(null, { status: 404 })
    }
  },
} satisfies ExportedHandler<Bindings, QueueMessage>
