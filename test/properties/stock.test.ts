import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { SupplierLedger } from "../../durable-objects/supplier-ledger/supplier-ledger.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { LinkId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { adopted, d1, organization, quiet, TestLedger } from "../support/ledger.ts"
import { expectProjected } from "../support/projection.ts"
import { dutiesOf, emptied, runs } from "../support/properties.ts"
import { seed } from "../support/seed.ts"
import { handsOn, openPlace } from "../support/stock.ts"
import { dawn, expectSoundStock, type StockDriver, stockSteps, walkStock } from "../support/stock-model.ts"

beforeAll(() => {
  quiet()
  console.info(`stock properties: VITE_SEED=${seed}`)
})

/** A driver of a ledger, wherever it runs. The clock is the history's own. */
function driverOf(
  ledger: TestLedger,
  buyer: OrganizationFacts,
  clock: { now: number },
  to: Pick<StockDriver, "rows" | "crash"> & {
    readonly execute: SupplierLedger["execute"]
    readonly within: <T>(use: (storage: DurableObjectStorage) => T) => Promise<T>
    readonly alarm: () => Promise<void>
  },
): StockDriver {
  const { owner } = ledger
  const give = async (...given: Parameters<TestLedger["envelope"]>) => (await to.execute(ledger.envelope(...given))).result
  return {
    record: async (input) => (await give(owner, "recordMovements", input)) as never,
    place: async (lines) => {
      const result = await give(buyer, "placeOrder", { buyerId: buyer.id, lines, note: null, requestedDeliveryOn: null })
      if (!result.ok) throw new Error(`no order: ${JSON.stringify(result.error)}`)
      return result.value.id as never
    },
    move: async (orderId, status) => {
      const result = await give(owner, "setOrderStatus", { orderId, status, reason: null })
      return result.ok ? "OK" : result.error.code
    },
    hands: (use) =>
      to.within((storage) =>
        storage.transactionSync(() => {
          const work = handsOn(storage, clock.now)
          const made = use(work)
          work.finish()
          const { dueAt } = work.stock
          if (dueAt !== undefined)
            storage.sql.exec("INSERT INTO due (kind, at) VALUES ('stock', ?1) ON CONFLICT (kind) DO UPDATE SET at = min(at, ?1)", dueAt)
          return made
        }),
      ),
    wait: async (until) => {
      clock.now = until
      await to.alarm()
    },
    rows: to.rows,
    crash: to.crash,
  }
}

/** Two products, one by the piece and one by weight, two more places, and a buyer. */
async function open(driver: StockDriver, ledger: TestLedger, buyer: OrganizationFacts, execute: SupplierLedger["execute"]) {
  const must = async (...given: Parameters<TestLedger["envelope"]>): Promise<{ readonly id: string }> => {
    const { result } = await execute(ledger.envelope(...given))
    if (!result.ok) throw new Error(JSON.stringify(result.error))
    return result.value
  }
  const { id: linkId } = await must(buyer, "requestLink", { buyerId: buyer.id, buyerName: buyer.name, message: null, coolDownMs: 0 })
  await must(ledger.owner, "setLinkStatus", { linkId: linkId as LinkId, status: "APPROVED", reason: null, mayUnblock: false })
  const product = (sku: string, quantityStepMilli: number) =>
    must(ledger.owner, "createProduct", { sku, name: sku, price: "1", quantityStepMilli })
  const products = [(await product("PIECES", 1_000)).id, (await product("KILOS", 250)).id] as never[]
  const places = await driver.hands((work) => [
    work.store.locations.default().id,
    openPlace(work, "NORTH").id,
    openPlace(work, "APART", "QUARANTINE").id,
  ])
  return { products, places }
}

describe("under random movements, orders, promises, expiries and crashes", () => {
  test(`each cell holds what its movements say, and everything owed to D1 is in the outbox (${runs.stock} histories)`, async () => {
    const dead = new Proxy(env.DB, {
      get: (_, name) => (name === "batch" ? async () => Promise.reject(new Error("D1_ERROR: down")) : () => ({ bind: () => undefined })),
    })
    const room = { idFromName: () => "room", get: () => ({ setLink: async () => undefined }) } as unknown as Bindings["CHAT_ROOM"]
    const bindings: Bindings = { ...env, DB: dead, CHAT_ROOM: room }
    const holder = await adopted("Holder")
    const clock = { now: dawn }
    await runInDurableObject(holder.stub, async (_, state) => {
      // The real instance must not wake beside these, by an alarm of theirs or by the one that adopting has set.
      using _asleep = vi.spyOn(state.storage, "setAlarm").mockResolvedValue()
      await state.storage.deleteAlarm()
      using _clock = vi.spyOn(Date, "now").mockImplementation(() => clock.now)
      const { sql } = state.storage
      await fc.assert(
        fc.asyncProperty(stockSteps(50), async (history) => {
          clock.now = dawn
          state.storage.transactionSync(() => emptied(sql))
          const ledger = new TestLedger(organization("Supplier"))
          const buyer = organization("Buyer", { isSupplier: false })
          let object = new SupplierLedger(state, bindings)
          await object.adopt(ledger.owner)
          const execute: SupplierLedger["execute"] = (given) => object.execute(given)
          const driver = driverOf(ledger, buyer, clock, {
            execute,
            within: async (use) => use(state.storage),
            rows: async (query, ...params) => sql.exec<never>(query, ...params).toArray(),
            crash: async () => {
              object = new SupplierLedger(state, bindings)
            },
            alarm: async () => {
              // Only what this is about: D1 is down, and nothing else is to be told.
              sql.exec("DELETE FROM due WHERE kind <> 'stock'")
              await object.alarm()
            },
          })
          const { products, places } = await open(driver, ledger, buyer, execute)
          const model = await walkStock(history, products, places, driver)
          expectSoundStock(sql, model, products, places)
          expect(dutiesOf(sql)).toEqual([])
          const low = sql
            .exec<{ n: number }>("SELECT count(*) AS n FROM outbox_append WHERE target = 'events' AND row LIKE '%\"stock.low\"%'")
            .one()
          expect(low.n).toBe(model.lowTold)
        }),
        { seed, numRuns: runs.stock },
      )
    })
  }, 300_000)

  test(`the projection equals the ledger once it is drained (${runs.stockWithD1} histories)`, async () => {
    const clock = { now: dawn }
    using _clock = vi.spyOn(Date, "now").mockImplementation(() => clock.now)
    await fc.assert(
      fc.asyncProperty(stockSteps(20), async (history) => {
        clock.now = dawn
        const ledger = await adopted("Supplier")
        const buyer = organization("Buyer", { isSupplier: false })
        const execute: SupplierLedger["execute"] = (given) => ledger.rpc.execute(given)
        const driver = driverOf(ledger, buyer, clock, {
          execute,
          within: (use) => runInDurableObject(ledger.stub, (_, { storage }) => use(storage)),
          rows: (query, ...params) => ledger.rows(query, ...params),
          crash: () => ledger.evict(),
          alarm: () => ledger.comeDue("relay", "stock"),
        })
        const { products, places } = await open(driver, ledger, buyer, execute)
        const model = await walkStock(history, products, places, driver)
        await ledger.comeDue("relay")
        await runInDurableObject(ledger.stub, (_, { storage }) => expectSoundStock(storage.sql, model, products, places))
        await expectProjected(ledger, [buyer])
        expect(await ledger.rpc.reconcile()).toMatchObject({ differences: [], stuck: [] })
        expect(await d1("select count(*) as n from events where org_id = ? and type = 'stock.low'", ledger.owner.id)).toEqual([
          { n: model.lowTold },
        ])
        expect(await ledger.count("outbox_dirty")).toBe(0)
      }),
      { seed, numRuns: runs.stockWithD1 },
    )
  }, 300_000)
})
