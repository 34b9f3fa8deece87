import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { beforeAll, describe, expect, test, vi } from "vitest"
import type { LedgerCommands, LedgerVerb } from "../../durable-objects/supplier-ledger/commands/index.ts"
import { SupplierLedger } from "../../durable-objects/supplier-ledger/supplier-ledger.ts"
import type { Side } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { LocationKind } from "../../src/domains/warehouses/rules.ts"
import type { LocationId, ProductId } from "../../src/kernel/ids.ts"
import type { Result } from "../../src/kernel/result.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { adopted, d1, organization, quiet, TestLedger } from "../support/ledger.ts"
import { expectProjected } from "../support/projection.ts"
import { dutiesOf, emptied, runs } from "../support/properties.ts"
import { seed } from "../support/seed.ts"
import { dawn, recipes } from "../support/stock-model.ts"
import { expectSoundStock, must, type StockDriver, stockSteps, walkStock } from "../support/stock-steps.ts"

beforeAll(() => {
  quiet()
  console.info(`stock properties: VITE_SEED=${seed}`)
})

/** A driver of a ledger, wherever it runs. The clock is the history's own. */
function driverOf(
  ledger: TestLedger,
  buyer: OrganizationFacts,
  clock: { now: number },
  to: Pick<StockDriver, "rows" | "crash"> & { readonly execute: SupplierLedger["execute"]; readonly alarm: () => Promise<void> },
): StockDriver {
  return {
    buyerId: buyer.id,
    give: async <V extends LedgerVerb>(by: Side, verb: V, input: LedgerCommands[V]["input"]) => {
      const { result } = await to.execute(ledger.envelope(by === "supplier" ? ledger.owner : buyer, verb, input))
      return result as Result<LedgerCommands[V]["fact"]>
    },
    wait: async (until, isLate) => {
      clock.now = until
      if (!isLate) await to.alarm()
    },
    rows: to.rows,
    crash: to.crash,
  }
}

/** A buyer with a link, what is sold by the piece and by weight, kits of both, and two more places. */
async function open(driver: StockDriver) {
  const { buyerId } = driver
  const link = await must(driver, "buyer", "requestLink", { buyerId, buyerName: "Buyer", message: null, coolDownMs: 0 })
  await must(driver, "supplier", "setLinkStatus", { linkId: link.id, status: "APPROVED", reason: null, mayUnblock: false })
  const products: ProductId[] = []
  for (const [sku, quantityStepMilli] of [
    ["PIECES", 1_000],
    ["KILOS", 250],
    ["KIT", 1_000],
    ["KIT-OF-KITS", 1_000],
  ] as const)
    products.push((await must(driver, "supplier", "createProduct", { sku, name: sku, price: "1", quantityStepMilli })).id)
  const numbered = (index: number | string): ProductId => products[Number(index)] ?? "prd_none"
  for (const [kit, parts] of Object.entries(recipes)) {
    for (const [part, count] of Object.entries(parts)) {
      const component = { parentId: numbered(kit), childId: numbered(part), quantityMilli: count * 1_000, role: "PRIMARY" as const }
      await must(driver, "supplier", "addComponent", component)
    }
  }
  const place = async (code: string, kind: LocationKind) =>
    (await must(driver, "supplier", "createLocation", { code, name: code, kind, address: null, capacityMilli: null, operatorId: null })).id
  const [main] = await driver.rows<{ id: LocationId }>("SELECT id FROM locations WHERE is_default = 1")
  return { products, places: [main?.id ?? "whs_none", await place("NORTH", "WAREHOUSE"), await place("APART", "QUARANTINE")] as const }
}

describe("under random movements, orders for kits and of what is in them, amendments, expiries and crashes", () => {
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
        fc.asyncProperty(stockSteps(60), async (history) => {
          clock.now = dawn
          state.storage.transactionSync(() => emptied(sql))
          const ledger = new TestLedger(organization("Supplier"))
          const buyer = organization("Buyer", { isSupplier: false })
          let object = new SupplierLedger(state, bindings)
          await object.adopt(ledger.owner)
          const driver = driverOf(ledger, buyer, clock, {
            execute: (given) => object.execute(given),
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
          const { products, places } = await open(driver)
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
        const driver = driverOf(ledger, buyer, clock, {
          execute: (given) => ledger.rpc.execute(given),
          rows: (query, ...params) => ledger.rows(query, ...params),
          crash: () => ledger.evict(),
          alarm: () => ledger.comeDue("relay", "stock"),
        })
        const { products, places } = await open(driver)
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
