import { runInDurableObject } from "cloudflare:test"
import { Outbox } from "../../durable-objects/shared/outbox.ts"
import type { MovementInput } from "../../durable-objects/supplier-ledger/commands/movements.ts"
import { newPlace } from "../../durable-objects/supplier-ledger/commands/places.ts"
import { systemActor } from "../../durable-objects/supplier-ledger/envelopes.ts"
import { RoomNews } from "../../durable-objects/supplier-ledger/room-news.ts"
import { LedgerStore } from "../../durable-objects/supplier-ledger/store/index.ts"
import { LedgerWork } from "../../durable-objects/supplier-ledger/work.ts"
import type { Cell, ShownMovement } from "../../src/domains/inventory/rules.ts"
import type { Unit } from "../../src/domains/units/rules.ts"
import type { Location, LocationKind } from "../../src/domains/warehouses/rules.ts"
import type { LocationId, ProductId } from "../../src/kernel/ids.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { TestLedger } from "./ledger.ts"

/** Hands for states that commands reach only by long ways, on a ledger's own storage. */
const handsOn = (storage: DurableObjectStorage, now: Instant = Date.now()): LedgerWork =>
  new LedgerWork({
    store: new LedgerStore(storage.sql),
    outbox: new Outbox(storage.sql),
    rooms: new RoomNews({
      sql: storage.sql,
      link: () => undefined,
      call: async () => undefined,
      transaction: (work) => work(),
    }),
    now,
    actor: systemActor,
    origin: { ipAddress: null, userAgent: null },
  })

/** Does something in the ledger as a command would: in one transaction, with what is due at its end. D1 hears of it at the next drain. */
export const inside = <T>(ledger: TestLedger, use: (work: LedgerWork) => T, now?: Instant): Promise<T> =>
  runInDurableObject(ledger.stub, (_, { storage }) =>
    storage.transactionSync(() => {
      const work = handsOn(storage, now)
      const made = use(work)
      work.finish()
      return made
    }),
  )

/** Another place of the ledger's owner. */
export function openPlace(work: LedgerWork, code: string, kind: LocationKind = "WAREHOUSE", changes: Partial<Location> = {}): Location {
  const terms = { code, name: `Place ${code}`, kind, address: null, capacityMilli: null }
  const place: Location = { ...newPlace(work, terms), ...changes }
  work.store.locations.save(place)
  work.touch("location", place.id)
  return place
}

/** A serialized piece that came in by itself. */
export function receiveUnit(work: LedgerWork, cell: Cell, serial: string): Unit {
  const id = work.mint("unt")
  const unit: Unit = {
    id,
    ...cell,
    serial,
    status: "AVAILABLE",
    orderId: null,
    orderLineId: null,
    reservedUntil: null,
    history: [],
    createdAt: work.now,
    updatedAt: work.now,
    version: 1,
    seq: work.seq,
  }
  work.store.units.save(unit)
  work.touch("unit", id)
  work.stock.move({
    ...cell,
    type: "IN",
    quantityMilli: 1_000,
    reason: "RECEIPT",
    unitId: id,
  })
  return unit
}

export const units = (count: number): number => Math.round(count * 1_000)

/** Movements that people state; each comes with what differs from a receipt of ten at the default place. */
export const movement = (productId: ProductId, given: Partial<MovementInput> = {}): MovementInput => ({
  type: "IN",
  productId,
  quantityMilli: units(10),
  ...given,
})

/** Movements, all or none. @throws when one is refused. */
export const recordAll = (ledger: TestLedger, ...items: readonly MovementInput[]) =>
  ledger.must(ledger.owner, "recordMovements", { items, onError: "reject_all" })

/** Receipts, all or none. @throws when one is refused. */
export const receive = (ledger: TestLedger, ...items: ReadonlyArray<Omit<MovementInput, "type">>) =>
  recordAll(ledger, ...items.map((item) => ({ type: "IN" as const, ...item })))

/** One movement. @throws when it is refused. */
export async function record(ledger: TestLedger, productId: ProductId, given: Partial<MovementInput> = {}): Promise<ShownMovement> {
  const { movements } = await recordAll(ledger, movement(productId, given))
  const [made] = movements
  if (made === undefined) throw new Error("nothing was recorded")
  return made
}

/** The code that one movement is refused with, with the faults it names; or OK. */
export async function refusalOf(ledger: TestLedger, productId: ProductId, given: Partial<MovementInput>): Promise<string> {
  const { result } = await ledger.give(ledger.owner, "recordMovements", {
    items: [movement(productId, given)],
    onError: "reject_all",
  })
  if (result.ok) return "OK"
  return [result.error.code, ...(result.error.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`)].join(" ")
}

/** What each cell of a product has on hand, in units, by place and lot number: `MAIN`, `NORTH L1`. Empty cells are missing. */
export async function stockOf(ledger: TestLedger, productId: ProductId): Promise<Readonly<Record<string, number>>> {
  const rows = await ledger.rows<{ cell: string; milli: number }>(
    `SELECT p.code || coalesce(' ' || lot.number, '') AS cell, l.on_hand_milli AS milli FROM stock_levels l JOIN locations p ON p.id = l.location_id
     LEFT JOIN lots lot ON lot.id = l.lot_id WHERE l.product_id = ? AND l.on_hand_milli > 0`,
    productId,
  )
  return Object.fromEntries(rows.map(({ cell, milli }) => [cell, milli / 1_000]))
}

export const mainOf = async (ledger: TestLedger): Promise<LocationId> => {
  const [row] = await ledger.rows<{ id: LocationId }>("SELECT id FROM locations WHERE is_default = 1")
  if (row === undefined) throw new Error("no default place")
  return row.id
}
