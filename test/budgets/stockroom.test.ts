import { runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import { LedgerStore } from "../../durable-objects/supplier-ledger/store/index.ts"
import type { ProductId } from "../../src/kernel/ids.ts"
import { adopted, quiet, stocked, type TestLedger } from "../support/ledger.ts"
import { inside } from "../support/stock.ts"

beforeAll(quiet)

/** A product with so many lots at the default place, half of them sold out, among as many products with a lot each. */
async function filled(lots: number): Promise<{ ledger: TestLedger; productId: ProductId }> {
  const ledger = await adopted()
  const { id: productId } = await stocked(ledger, 0)
  await inside(ledger, (work) => {
    const product = work.store.products.find(productId)
    const { id: locationId } = work.store.locations.default()
    if (product === undefined) throw new Error("no product")
    for (let index = 0; index < lots; index += 1) {
      const other = work.mint("prd")
      work.store.products.save({ ...product, id: other, sku: `OTHER-${index}` })
      for (const of of [productId, other]) {
        const id = work.mint("lot")
        work.store.lots.save({
          id,
          productId: of,
          number: `LOT-${index}`,
          expiresOn: `29${String(10 + (index % 90))}-01-31`,
          status: "ACTIVE",
          reason: null,
          expiredAt: null,
          receivedAt: work.now,
          updatedAt: work.now,
          version: 1,
          seq: work.seq,
        })
        const cell = { productId: of, locationId, lotId: id }
        work.stock.move({ ...cell, type: "IN", quantityMilli: 1_000, reason: "RECEIPT" })
        if (index % 2 === 0) work.stock.move({ ...cell, type: "OUT", quantityMilli: -1_000, reason: "ISSUE" })
        else work.stock.reserve(cell, 500, { orderId: "ord_1" }, work.now + 1)
      }
    }
  })
  return { ledger, productId }
}

/** How many rows of the ledger's own SQLite it reads. */
const rowsRead = (ledger: TestLedger, use: (store: LedgerStore) => unknown): Promise<number> =>
  runInDurableObject(ledger.stub, (_, { storage: { sql } }) => {
    let read = 0
    const counting = new Proxy(sql, {
      get: (target, name) =>
        name !== "exec"
          ? Reflect.get(target, name)
          : (query: string, ...params: SqlStorageValue[]) => {
              const cursor = target.exec(query, ...params)
              const rows = cursor.toArray()
              read += cursor.rowsRead
              return { toArray: () => rows, one: () => rows[0], [Symbol.iterator]: () => rows[Symbol.iterator]() }
            },
    })
    use(new LedgerStore(counting))
    return read
  })

describe.each([5, 50, 500])("in a ledger whose product has %i lots, and as many products beside it", (lots) => {
  test("reading the product, or what of it is for sale, reads a few rows a lot and nothing of other products", async () => {
    const { ledger, productId } = await filled(lots)
    const product = await rowsRead(ledger, (store) => store.products.find(productId))
    const sale = await rowsRead(ledger, (store) => store.levels.forSale(productId))
    const one = await rowsRead(ledger, (store) => {
      const [cell] = store.levels.forSale(productId)
      if (cell !== undefined) store.levels.find(cell)
    })
    // Half of them are sold out and cost nothing; of the others the level, its place, its lot and what is reserved.
    const held = Math.floor(lots / 2)
    expect(product).toBeLessThanOrEqual(5 * held + 10)
    expect(sale).toBeLessThanOrEqual(5 * held + 10)
    expect(one - sale).toBe(1)
  })

  test("what falls due is found by an index", async () => {
    const { ledger } = await filled(lots)
    const next = await rowsRead(ledger, ({ lots: all, reservations }) => [all.nextExpiry(), reservations.nextExpiry()])
    const nothing = await rowsRead(ledger, ({ lots: all, reservations }) => [
      all.expiring("2000-01-01", 1_000),
      reservations.expired(1, 1_000),
    ])
    expect(next).toBeLessThanOrEqual(8)
    expect(nothing).toBeLessThanOrEqual(2)
  })
})
