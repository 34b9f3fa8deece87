import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { SupplierLedger } from "../../durable-objects/supplier-ledger/supplier-ledger.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { D1Faults } from "../support/d1-faults.ts"
import { adopted, d1, organization, quiet } from "../support/ledger.ts"
import { expectSoundBooks, steps, walk } from "../support/ledger-steps.ts"
import { expectProjected } from "../support/projection.ts"
import { dutiesOf, emptied, runs } from "../support/properties.ts"
import { seed } from "../support/seed.ts"

beforeAll(() => {
  quiet()
  console.info(`ledger properties: VITE_SEED=${seed}`)
})

const counts = (map: ReadonlyMap<string, number>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))

const countBy = (names: readonly string[]) => {
  const map = new Map<string, number>()
  for (const name of names) map.set(name, (map.get(name) ?? 0) + 1)
  return counts(map)
}

/** Rows waiting for an append-only table, by organization; which column names it is the table's own business, so it is known by its prefix. */
const appendedTo = (sql: SqlStorage, target: string) =>
  countBy(
    sql
      .exec<{ org: string }>(
        "SELECT (SELECT value FROM json_each(row) WHERE value LIKE 'org\\_%' ESCAPE '\\' LIMIT 1) AS org FROM outbox_append WHERE target = ?",
        target,
      )
      .toArray()
      .map(({ org }) => org),
  )

describe("under random commands, retries and crashes", () => {
  /**
   * The real class on real storage, many times over: each history starts on emptied tables with a new instance, and
   * a crash is a new instance on the same storage. D1 is down throughout, so that what the ledger owes it can be
   * counted to the row; the histories below have a D1 that comes and goes.
   */
  test(`the books add up, retries change nothing and everything owed to D1 is in the outbox (${runs.inObject} histories)`, async () => {
    const dead = new Proxy(env.DB, {
      get: (_, name) => (name === "batch" ? async () => Promise.reject(new Error("D1_ERROR: down")) : () => ({ bind: () => undefined })),
    })
    // Rooms that hear everything: thousands of real ones would be what this measures.
    const room = { idFromName: () => "room", get: () => ({ setLink: async () => undefined }) } as unknown as Bindings["CHAT_ROOM"]
    const bindings: Bindings = { ...env, DB: dead, CHAT_ROOM: room }
    const holder = await adopted("Holder")
    await runInDurableObject(holder.stub, async (_, state) => {
      const { sql } = state.storage
      // Its own alarm would wake the real instance beside these, which has a D1 that works, and drain what they owe.
      // The one that adopting has set comes five seconds from now; in here the clock may stand still, so that all were due by then.
      using _asleep = vi.spyOn(state.storage, "setAlarm").mockResolvedValue()
      await state.storage.deleteAlarm()
      const history = steps(30, false)
      await fc.assert(
        fc.asyncProperty(history, async (walked) => {
          state.storage.transactionSync(() => emptied(sql))
          const owner = organization("Supplier")
          const buyers = [organization("First"), organization("Second")]
          let object = new SupplierLedger(state, bindings)
          await object.adopt(owner)
          const model = await walk(walked, owner, buyers, {
            execute: (envelope) => object.execute(envelope),
            crash: async () => {
              object = new SupplierLedger(state, bindings)
            },
            outage: () => undefined,
            recovery: () => undefined,
          })
          expectSoundBooks(sql, model)
          expect(dutiesOf(sql)).toEqual([])
          // INV-CMD-2: one audit row a successful command, in the organization of who gave it, and each side's events; none for what was refused.
          expect({ audits: appendedTo(sql, "audit_logs"), events: appendedTo(sql, "events") }).toEqual({
            audits: counts(model.audits),
            events: counts(model.events),
          })
        }),
        { seed, numRuns: runs.inObject },
      )
    })
  }, 300_000)

  test(`the projection equals the ledger once it is drained, through evictions and outages of D1 (${runs.withD1} histories)`, async () => {
    await fc.assert(
      fc.asyncProperty(steps(24, true), async (walked) => {
        using faults = new D1Faults()
        const ledger = await adopted("Supplier")
        const buyers = [organization("First"), organization("Second")]
        const model = await walk(walked, ledger.owner, buyers, {
          execute: (envelope) => ledger.rpc.execute(envelope),
          crash: () => ledger.evict(),
          outage: () => faults.fail(),
          recovery: () => faults.heal(),
        })
        faults.heal()
        await ledger.comeDue("relay")
        await runInDurableObject(ledger.stub, (_, { storage }) => expectSoundBooks(storage.sql, model))
        await expectProjected(ledger, buyers)
        expect(await ledger.rpc.reconcile()).toMatchObject({ differences: [], stuck: [] })
        const organizations = JSON.stringify([ledger.owner.id, ...buyers.map(({ id }) => id)])
        const inD1 = async (table: string) =>
          countBy(
            (
              await d1<{ org_id: string }>(`select org_id from ${table} where org_id in (select value from json_each(?))`, organizations)
            ).map(({ org_id }) => org_id),
          )
        expect(await inD1("audit_logs")).toEqual(counts(model.audits))
        expect(await inD1("events")).toEqual(counts(model.events))
        expect(await ledger.count("outbox_dirty")).toBe(0)
        expect(await ledger.count("outbox_append")).toBe(0)
      }),
      { seed, numRuns: runs.withD1 },
    )
  }, 300_000)
})
