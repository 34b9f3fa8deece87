import { giveWay } from "../../src/kernel/give-way.ts"
import { limits } from "../../src/kernel/limits.ts"
import { within } from "../../src/kernel/within.ts"
import type { Executor, Statement } from "../../src/platform/db/executor.ts"
import { type Cost, Meter, noCost } from "../../src/platform/db/meter.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import type { AppendTable, Outbox, OutboxItem } from "./outbox.ts"

type RelayPorts<Kind extends string> = {
  readonly outbox: Outbox<Kind>
  /** A connection whose cost goes to the given meter. */
  readonly open: (meter: Meter) => Executor
  /** The D1 rows of a thing as it is now; a thing that two parties see has a row for each. */
  readonly rowsOf: (kind: Kind, id: string) => ReadonlyArray<readonly unknown[]>
  /** The statements that write these rows, each a JSON array. */
  readonly statements: (target: Kind | AppendTable, rows: readonly string[]) => readonly Statement[]
  readonly transaction: <T>(work: () => T) => T
  /** D1 has these. */
  readonly sent: (items: readonly OutboxItem<Kind>[]) => void
  readonly drained: () => void
  readonly failed: () => void
}

/** One waiter's share of a drain: several commands that share a batch share its cost, and each counts one trip. */
type Share = { readonly isDrained: boolean; readonly cost: Cost }

type Built<Kind extends string> = {
  readonly item: OutboxItem<Kind>
  readonly target: Kind | AppendTable
  readonly rows: readonly string[]
}

type Drain = { readonly promise: Promise<{ isDrained: boolean; cost: Cost }>; waiters: number }

/**
 * SQLite's words for a row that no retry will make acceptable; anything else is taken for passing. A missing table
 * or column is not among them: that is a migration still on its way, and parking everything would be wrong.
 */
const permanent = /constraint failed|SQLITE_CONSTRAINT|too big|too long|SQLITE_TOOBIG|datatype mismatch|malformed JSON/i

/** A batch that D1 has not answered by then counts as failed; the guards on seq make it harmless should it arrive after all. */
const batchMsMax = 10_000

/**
 * Sends the outbox to D1, one batch under way at a time: what arrives meanwhile goes together in the next one
 * (group commit). A row that D1 refuses for good is parked alone; any other error ends the drain and leaves the
 * rest for a retry.
 */
export class Relay<Kind extends string> {
  readonly #ports: RelayPorts<Kind>
  #running: Drain | undefined
  #next: Drain | undefined
  #isFailing = false

  constructor(ports: RelayPorts<Kind>) {
    this.#ports = ports
  }

  /** Since the last drain failed: replies do not wait then. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  /** Waits until what is in the outbox now is in D1, or until the attempt failed. */
  async flush(): Promise<Share> {
    const drain = this.#join()
    drain.waiters += 1
    const { isDrained, cost } = await drain.promise
    return { isDrained, cost: share(cost, drain.waiters) }
  }

  #join(): Drain {
    if (this.#running === undefined) {
      this.#running = this.#start(Promise.resolve())
      return this.#running
    }
    this.#next ??= this.#start(this.#running.promise)
    return this.#next
  }

  #start(after: Promise<unknown>): Drain {
    const promise = after.then(async () => {
      const meter = new Meter()
      try {
        const isDrained = await this.#drain(meter)
        return { isDrained, cost: meter.cost }
      } catch (error) {
        // The command is committed whatever happens here: its caller hears that the projection is late, operators hear why.
        log.error("projection broke", { error: describeError(error) })
        this.#fail()
        return { isDrained: false, cost: meter.cost }
      } finally {
        this.#running = this.#next
        this.#next = undefined
      }
    })
    const drain: Drain = { promise, waiters: 0 }
    return drain
  }

  async #drain(meter: Meter): Promise<boolean> {
    const executor = this.#ports.open(meter)
    const mark = this.#ports.outbox.mark()
    for (;;) {
      const items = this.#ports.outbox.next(limits.outboxKeysMax, mark)
      if (items.length === 0) break
      const batch = this.#batch(items)
      if (!(await this.#send(executor, batch))) {
        this.#fail()
        return false
      }
      // A rebuild, or an outage that is over: with so much left, whoever wants something of this object comes between.
      if (batch.length < items.length || items.length === limits.outboxKeysMax) await giveWay()
    }
    this.#isFailing = false
    this.#ports.drained()
    return true
  }

  #fail(): void {
    this.#isFailing = true
    this.#ports.failed()
  }

  /** The rows of as many items as stay under the byte limit, and of one at least. */
  #batch(items: readonly OutboxItem<Kind>[]): Built<Kind>[] {
    const batch: Built<Kind>[] = []
    let bytes = 0
    for (const item of items) {
      const built: Built<Kind> =
        item.type === "append"
          ? { item, target: item.table, rows: [item.rowJson] }
          : { item, target: item.kind, rows: this.#ports.rowsOf(item.kind, item.id).map((row) => JSON.stringify(row)) }
      bytes += built.rows.reduce((sum, json) => sum + json.length, 0)
      if (batch.length > 0 && bytes > limits.outboxBytesMax) break
      batch.push(built)
    }
    return batch
  }

  /** True when all is in D1 or parked; false when the error may pass. */
  async #send(executor: Executor, batch: readonly Built<Kind>[]): Promise<boolean> {
    try {
      await within(batchMsMax, executor.run(this.#statements(batch)))
    } catch (error) {
      const reason = describeError(error)
      if (!permanent.test(reason)) {
        log.warn("projection failed", { error: reason, items: batch.length })
        return false
      }
      const [only] = batch
      if (batch.length === 1 && only !== undefined) {
        log.error("projection refused a row for good; it is parked", {
          error: reason,
          item: only.item.type === "state" ? `${only.item.kind} ${only.item.id}` : only.item.table,
        })
        this.#ports.transaction(() => this.#ports.outbox.park(only.item, reason))
        return true
      }
      const half = Math.ceil(batch.length / 2)
      return (await this.#send(executor, batch.slice(0, half))) && (await this.#send(executor, batch.slice(half)))
    }
    const items = batch.map(({ item }) => item)
    this.#ports.transaction(() => this.#ports.outbox.acknowledge(items))
    this.#ports.sent(items)
    return true
  }

  #statements(batch: readonly Built<Kind>[]): Statement[] {
    const rowsByTarget = new Map<Kind | AppendTable, string[]>()
    for (const { target, rows } of batch) {
      if (rows.length === 0) continue
      const list = rowsByTarget.get(target)
      if (list === undefined) rowsByTarget.set(target, [...rows])
      else list.push(...rows)
    }
    return [...rowsByTarget].flatMap(([target, rows]) => this.#ports.statements(target, rows))
  }
}

function share(cost: Cost, waiters: number): Cost {
  const part = (value: number) => Math.ceil(value / Math.max(1, waiters))
  return {
    ...noCost,
    d1Trips: cost.d1Trips > 0 ? Math.max(1, part(cost.d1Trips)) : 0,
    d1RowsRead: part(cost.d1RowsRead),
    d1RowsWritten: part(cost.d1RowsWritten),
    d1Ms: cost.d1Ms,
  }
}
