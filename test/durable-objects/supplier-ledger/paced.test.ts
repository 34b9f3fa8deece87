import { runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import { Outbox } from "../../../durable-objects/shared/outbox.ts"
import { Relay } from "../../../durable-objects/shared/relay.ts"
import type { ProjectedKind } from "../../../durable-objects/supplier-ledger/projections/index.ts"
import { markEverything, reconcileLedger } from "../../../durable-objects/supplier-ledger/reconcile.ts"
import { LedgerStore } from "../../../durable-objects/supplier-ledger/store/index.ts"
import type { SupplierLedger } from "../../../durable-objects/supplier-ledger/supplier-ledger.ts"
import { limits } from "../../../src/kernel/limits.ts"
import type { Executor } from "../../../src/platform/db/executor.ts"
import { heardDuring } from "../../support/heard.ts"
import { adopted, d1, eventually, linkedBuyer, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

/** D1 as where one process holds everything: each answer is there at once, before anybody else is heard. */
function atOnce(rowsOf: (sql: string) => Array<Record<string, unknown>> = () => []) {
  const trips = { count: 0 }
  const run = async (statements: ReadonlyArray<{ readonly sql: string }>) => {
    trips.count += 1
    return statements.map(({ sql }) => rowsOf(sql))
  }
  return { trips, executor: { run } as unknown as Executor }
}

/** So many lots of a product, as rows alone. */
const fill = (ledger: TestLedger, productId: string, lots: number) =>
  ledger.rows(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${lots})
     INSERT INTO lots SELECT printf('lot_%05d', i), '${productId}', 'L' || i, NULL, 'ACTIVE', NULL, NULL, 1, 1, 1, 1 FROM n`,
  )

const pages = 4

/** The ledger's own storage, with more lots than so many pages hold, and nothing owed to D1. */
async function inside<T>(
  rows: number,
  use: (ports: { store: LedgerStore; outbox: Outbox<ProjectedKind>; transaction: <R>(work: () => R) => R }) => Promise<T>,
): Promise<T> {
  const ledger = await adopted()
  const { id } = await stocked(ledger, 1)
  await ledger.comeDue("relay")
  await fill(ledger, id, rows)
  return runInDurableObject(ledger.stub, (_, { storage }) =>
    use({
      store: new LedgerStore(storage.sql),
      outbox: new Outbox<ProjectedKind>(storage.sql),
      transaction: (work) => storage.transactionSync(work),
    }),
  )
}

describe("INV-PRJ-7: others are heard", () => {
  test("between the pages that a rebuild marks", async () => {
    const rows = limits.reconcilePageRows * pages + 1
    await inside(rows, async ({ store, outbox, transaction }) => {
      let transactions = 0
      const heard = await heardDuring(
        () =>
          markEverything(store, outbox, 1, (work) => {
            transactions += 1
            return transaction(work)
          }),
        () => transactions,
      )
      expect(heard.length).toBeGreaterThanOrEqual(pages)
      expect(outbox.depth).toBeGreaterThanOrEqual(rows)
    })
  })

  test("between the pages that are compared with D1", async () => {
    await inside(limits.reconcilePageRows * pages + 1, async ({ store, outbox, transaction }) => {
      const { trips, executor } = atOnce()
      const heard = await heardDuring(
        () => reconcileLedger(store, outbox, executor, transaction),
        () => trips.count,
      )
      expect(heard.length).toBeGreaterThanOrEqual(pages)
    })
  })

  test("between the pages of what D1 has, each of which is looked up in parts", async () => {
    await inside(0, async ({ store, outbox, transaction }) => {
      const page = Array.from({ length: limits.reconcilePageRows * pages }, (_row, index) => ({ key: `lot_unknown_${index}` }))
      let isShown = false
      const { trips, executor } = atOnce((sql) => {
        if (isShown || !sql.includes("from lots")) return []
        isShown = true
        return page
      })
      let looked = 0
      const find = store.lots.table.byKey.bind(store.lots.table)
      store.lots.table.byKey = (key) => {
        looked += 1
        return find(key)
      }
      const heard = await heardDuring(
        () => reconcileLedger(store, outbox, executor, transaction),
        () => looked,
      )
      expect(trips.count).toBeGreaterThan(0)
      expect(heard.length).toBeGreaterThanOrEqual(pages - 1)
    })
  })

  test("between the batches of a drain", async () => {
    await inside(0, async ({ store, outbox, transaction }) => {
      const batches = 4
      transaction(() => {
        const seq = store.next("seq")
        for (let index = 0; index < limits.outboxKeysMax * batches; index += 1) outbox.touch("lot", `lot_${index}`, seq)
      })
      const { trips, executor } = atOnce()
      const relay = new Relay<ProjectedKind>({
        outbox,
        open: () => executor,
        rowsOf: (_kind, id) => [[id]],
        statements: () => [{ sql: "select 1", params: [] }],
        transaction,
        sent: () => undefined,
        drained: () => undefined,
        failed: () => undefined,
      })
      const heard = await heardDuring(
        () => relay.flush(),
        () => trips.count,
      )
      expect(heard).toEqual(expect.arrayContaining([1, 2, 3, 4]))
      expect(outbox.depth).toBe(0)
    })
  })
})

describe("INV-PRJ-7: what links show of their supplier", () => {
  const renamed = (ledger: TestLedger) => ({ ...ledger.owner, name: "New name", version: ledger.owner.version + 1 })

  test("is told anew page by page, with others heard between", async () => {
    const ledger = await adopted()
    await linkedBuyer(ledger)
    const rows = limits.reconcilePageRows * 2 + 50
    await ledger.rows(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
       INSERT INTO links SELECT printf('lnk_%05d', i), printf('org_%05d', i), 'Buyer', 'REJECTED', NULL, NULL, 1, 1, 1, 0 FROM n`,
    )
    const { heard, left } = await runInDurableObject(ledger.stub, async (object, { storage: { sql } }) => {
      const of = (query: string) => sql.exec<{ n: number }>(query).one().n
      const seq = of("SELECT value AS n FROM meta WHERE key = 'seq'")
      const told = () => of(`SELECT count(*) AS n FROM links WHERE seq > ${seq}`)
      const heard = await heardDuring(() => (object as SupplierLedger).adopt(renamed(ledger)), told)
      // Nobody's rooms.
      sql.exec("DELETE FROM room_news WHERE link_id GLOB 'lnk_00*'")
      return { heard, left: rows + 1 - told() }
    })
    expect(heard).toEqual(expect.arrayContaining([limits.reconcilePageRows, limits.reconcilePageRows * 2]))
    expect(left).toBe(0)
  })

  test("is told by the alarm where the object died before", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    await ledger.comeDue("relay")
    await ledger.rows("UPDATE organization SET facts = json_set(facts, '$.name', 'New name')")
    await ledger.rows("INSERT INTO meta VALUES ('links_anew', (SELECT value + 1 FROM meta WHERE key = 'seq'))")
    await ledger.evict()
    await ledger.comeDue("links")
    await ledger.comeDue("relay")
    expect(await d1("select counterparty_name from links where org_id = ?", buyer.id)).toEqual([{ counterparty_name: "New name" }])
    expect(await ledger.rows("SELECT value FROM meta WHERE key = 'links_anew'")).toEqual([{ value: 0 }])
  })
})

test("INV-PRJ-7: a rebuild that died while it marked marks anew, and deletes nothing that it did not replace", async () => {
  const ledger = await adopted()
  const buyer = await linkedBuyer(ledger)
  await stocked(ledger, 10)
  await ledger.comeDue("relay")
  // As it stands when the first page is not marked yet.
  await ledger.rows("INSERT INTO meta VALUES ('generation', 1), ('rebuilding', 1), ('marking', 1)")
  await d1("update products set name = 'Wrong', seq = 999999 where org_id = ?", ledger.owner.id)
  await ledger.evict()
  await ledger.comeDue("rebuild")
  await eventually("the rebuild finished", 25_000, async () => {
    const [row] = await ledger.rows<{ value: number }>("SELECT sum(value) AS value FROM meta WHERE key IN ('rebuilding', 'marking')")
    return row?.value === 0
  })
  await expectProjected(ledger, [buyer])
  expect(await d1("select distinct generation from products where org_id = ?", ledger.owner.id)).toEqual([{ generation: 1 }])
})
