import { env } from "cloudflare:workers"
import { stubOf } from "../../durable-objects/supplier-ledger/client.ts"
import type { RoutingNumber } from "../../src/kernel/ids.ts"
import type { Bindings, QueueMessage } from "../../src/platform/env.ts"
import worker, { SupplierLedger as RealLedger, LedgerWatch as RealWatch } from "../../src/worker.ts"
import { doors, noteAbort, openDoor, shutDoor, withDoors } from "./door.ts"
import { type FaultRates, faultNames, Turns, well } from "./faults.ts"
import { Random } from "./random.ts"

// The other objects as they are; those below stand in for their namesakes.
export * from "../../src/worker.ts"

/**
 * Waybill's Worker with somebody who cuts its wires. Everything that goes wrong here goes wrong outside of the code
 * that is proved: the database's answers on the way, and objects that lose their memory in the middle of things.
 */
let rates: FaultRates = well
let random = new Random("")
const fates = {
  database: new Turns<"refuse" | "lose" | "late" | "hang">(random),
  queue: new Turns<"twiceAtOnce" | "twiceInTurn" | "unheard">(random),
  files: new Turns<"slowFiles">(random),
}

/** Each process has a seed of its own, and says first what it is. */
let seeded = ""
function seedBy(seed: string): void {
  if (seed === seeded) return
  seeded = seed
  random = new Random(seed)
  fates.database = new Turns(random.fork("database"))
  fates.queue = new Turns(random.fork("queue"))
  fates.files = new Turns(random.fork("files"))
}

const injected: Record<string, number> = Object.fromEntries(Object.values(faultNames).map((name) => [name, 0]))
const inject = (fate: keyof FaultRates): void => void (injected[faultNames[fate]] = (injected[faultNames[fate]] ?? 0) + 1)

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const broken = (): Error => new Error("D1_ERROR: Network connection lost.")

/** Longer than the relay waits for a batch: it has given up, perhaps sent another, when this one arrives after all. */
const hangMs = { least: 10_500, most: 12_500 }
const lateMs = { least: 50, most: 1_500 }
const between = ({ least, most }: { least: number; most: number }): number => random.between(least, most)

// The Worker and the objects share an isolate, and so the class behind their bindings.
const prototype = Object.getPrototypeOf((env as unknown as Bindings).DB) as { batch: D1Database["batch"] }
const batch = prototype.batch
prototype.batch = async function <T>(this: D1Database, statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
  switch (fates.database.next(rates, "refuse", "lose", "late", "hang")) {
    case "refuse":
      inject("refuse")
      throw broken()
    case "lose":
      inject("lose")
      await batch.call(this, statements)
      throw broken()
    case "late":
      inject("late")
      await sleep(between(lateMs))
      break
    case "hang":
      inject("hang")
      await sleep(between(hangMs))
      break
    case undefined:
      break
  }
  return batch.call(this, statements) as Promise<D1Result<T>[]>
}

const filesLateMs = { least: 20, most: 400 }
type Method = (this: object, ...args: unknown[]) => unknown
const bucket = Object.getPrototypeOf((env as unknown as Bindings).FILES) as Record<string, Method>
for (const name of ["put", "get", "head", "delete", "createMultipartUpload"]) {
  const method = bucket[name]
  if (method === undefined) throw new Error(`R2 has no ${name}`)
  bucket[name] = async function (...args) {
    if (fates.files.next(rates, "slowFiles") !== undefined) {
      inject("slowFiles")
      await sleep(between(filesLateMs))
    }
    return method.apply(this, args)
  }
}

type Batch = MessageBatch<QueueMessage>

/** A batch whose consumer speaks to nobody: what it acknowledges comes again all the same. */
function unheardOf(batch: Batch): Batch {
  const nothing = (): void => undefined
  const messages = batch.messages.map(({ id, timestamp, body, attempts }) => ({
    id,
    timestamp,
    body,
    attempts,
    ack: nothing,
    retry: nothing,
  }))
  return { queue: batch.queue, metadata: batch.metadata, messages, ackAll: nothing, retryAll: nothing }
}

/** The local queue has one consumer, which a slow message holds up; on the edge there are several, each with a part of what waits. */
const partMessages = 4

function partsOf({ messages, queue, metadata }: Batch): Batch[] {
  const count = Math.ceil(messages.length / partMessages)
  return Array.from({ length: count }, (_, index) => {
    const part = messages.slice(index * partMessages, (index + 1) * partMessages)
    return {
      queue,
      metadata,
      messages: part,
      ackAll: () => part.forEach((message) => message.ack()),
      retryAll: (options) => part.forEach((message) => message.retry(options)),
    }
  })
}

async function consumeFaultily(batch: Batch, bindings: Bindings): Promise<void> {
  const fate = fates.queue.next(rates, "twiceAtOnce", "twiceInTurn", "unheard")
  if (fate !== undefined) inject(fate)
  switch (fate) {
    case "twiceAtOnce":
      await Promise.all([worker.queue(unheardOf(batch), bindings), worker.queue(batch, bindings)])
      return
    case "twiceInTurn":
      await worker.queue(unheardOf(batch), bindings)
      return worker.queue(batch, bindings)
    case "unheard":
      // The consumer died before it could say that it was done.
      await worker.queue(unheardOf(batch), bindings)
      return batch.retryAll()
    case undefined:
      return worker.queue(batch, bindings)
  }
}

export { ChatInbox, ChatRoom, EventHub } from "../../src/worker.ts"

type Rows = Array<Record<string, SqlStorageValue>>
type Opened = {
  abortNow(): Promise<void>
  leaveAtRest(): Promise<boolean>
  alarmNow(): Promise<void>
  rows(query: string): Promise<Rows>
}

/** What was called before the door was shut has arrived by then. */
const arrivedMs = 20
/** Work that does not end by then, because D1 does not answer it, keeps the object where it is. */
const restMsMax = 1_500

export class SupplierLedger extends RealLedger implements Opened {
  /** Calls, alarms and what goes on after their answers: while there is any, no runtime evicts an object. */
  readonly #underWay: Set<Promise<unknown>>

  constructor(state: DurableObjectState, bindings: Bindings) {
    const underWay = new Set<Promise<unknown>>()
    const waitUntil = state.waitUntil.bind(state)
    state.waitUntil = (work) => waitUntil(noted(underWay, work))
    super(state, bindings)
    this.#underWay = underWay
  }

  override adopt(...args: Parameters<RealLedger["adopt"]>): ReturnType<RealLedger["adopt"]> {
    return noted(this.#underWay, super.adopt(...args))
  }
  override execute(...args: Parameters<RealLedger["execute"]>): ReturnType<RealLedger["execute"]> {
    return noted(this.#underWay, super.execute(...args))
  }
  override executeAll(...args: Parameters<RealLedger["executeAll"]>): ReturnType<RealLedger["executeAll"]> {
    return noted(this.#underWay, super.executeAll(...args))
  }
  override reconcile(): ReturnType<RealLedger["reconcile"]> {
    return noted(this.#underWay, super.reconcile())
  }
  override rebuild(): ReturnType<RealLedger["rebuild"]> {
    return noted(this.#underWay, super.rebuild())
  }
  override alarm(): Promise<void> {
    return noted(this.#underWay, super.alarm())
  }

  /** Takes the object out of memory at once, whatever it is doing; what it had not stored is gone. */
  async abortNow(): Promise<void> {
    this.ctx.abort("torture")
  }

  /** Takes the object out of memory once it does nothing and all is stored, as an eviction does. False when it does not come to rest. */
  async leaveAtRest(): Promise<boolean> {
    const deadline = Date.now() + restMsMax
    for (await sleep(arrivedMs); this.#underWay.size > 0; await sleep(arrivedMs)) if (Date.now() > deadline) return false
    await this.ctx.storage.sync()
    this.ctx.abort("torture: at rest")
    return true
  }

  /** An object that died in its alarm looks again after a minute, which a short run does not wait for. */
  async alarmNow(): Promise<void> {
    this.ctx.storage.sql.exec("UPDATE due SET at = 0 WHERE kind = 'stock'")
    await this.alarm()
  }

  async rows(query: string): Promise<Rows> {
    return this.ctx.storage.sql.exec(query).toArray()
  }
}

function noted<T>(underWay: Set<Promise<unknown>>, work: Promise<T>): Promise<T> {
  underWay.add(work)
  const end = (): void => void underWay.delete(work)
  work.then(end, end)
  return work
}

export class LedgerWatch extends RealWatch implements Pick<Opened, "rows"> {
  async rows(query: string): Promise<Rows> {
    return this.ctx.storage.sql.exec(query).toArray()
  }
}

/** An eviction is over when the object is gone, or has answered that it does not come to rest. */
async function evict(ledger: Opened, door: string): Promise<boolean> {
  shutDoor(door)
  try {
    return await ledger.leaveAtRest()
  } catch {
    // The call ends with the object, and so with an error.
    return true
  } finally {
    openDoor(door)
  }
}

async function objectKeys({ FILES }: Bindings): Promise<string[]> {
  const keys: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await FILES.list(cursor === undefined ? {} : { cursor })
    keys.push(...page.objects.map(({ key }) => key))
    if (!page.truncated) return keys
    cursor = page.cursor
  }
}

export default {
  ...worker,
  async queue(batch, bindings) {
    await Promise.all(partsOf(batch).map((part) => consumeFaultily(part, bindings)))
  },
  async fetch(request, bindings, execution) {
    const { pathname, searchParams } = new URL(request.url)
    if (!pathname.startsWith("/__torture/")) return worker.fetch(request, withDoors(bindings), execution)
    if (pathname === "/__torture/objects") return Response.json(await objectKeys(bindings))
    const ledger = stubOf(bindings, Number(searchParams.get("routing")) as RoutingNumber) as unknown as Opened & DurableObjectStub
    switch (pathname) {
      case "/__torture/faults":
        seedBy(searchParams.get("seed") ?? "")
        rates = (await request.json()) as FaultRates
        return Response.json(injected)
      case "/__torture/abort":
        noteAbort(ledger.id.toString())
        // The call ends with the object, and so with an error.
        await ledger.abortNow().catch(() => undefined)
        return new Response(null, { status: 204 })
      case "/__torture/evict": {
        const work = evict(ledger, ledger.id.toString())
        // Whoever asked may not wait; the door must open all the same.
        execution.waitUntil(work)
        return Response.json({ isEvicted: await work, ...doors })
      }
      case "/__torture/alarm":
        await ledger.alarmNow()
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
