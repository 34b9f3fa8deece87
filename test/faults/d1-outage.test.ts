import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { ledgerWatchOf } from "../../durable-objects/ledger-watch/client.ts"
import { limits } from "../../src/kernel/limits.ts"
import { configOf } from "../../src/platform/env.ts"
import { D1Faults } from "../support/d1-faults.ts"
import { adopted, d1, eventually, order, pause, quiet, stocked, type TestLedger, trading } from "../support/ledger.ts"
import { market } from "../support/market.ts"
import { expectProjected } from "../support/projection.ts"
import { api } from "../support/world.ts"

/** What an answer may take beyond the projection wait, on a busy machine. */
const marginMs = 4_000

beforeAll(quiet)

describe("D1 fails for 30 seconds", () => {
  test("INV-PRJ-6: no order is lost, each is answered within the projection wait as pending, and the alarm projects all of them afterwards", async () => {
    const { buyer, supplier, ledger, body } = await market()
    using faults = new D1Faults()
    faults.fail()
    const until = Date.now() + 30_000
    const placed: string[] = []
    while (Date.now() < until) {
      const started = performance.now()
      const { status, headers, body: made } = await api("POST", "/orders", { token: buyer.token, body })
      expect(performance.now() - started).toBeLessThan(configOf(env).PROJECTION_WAIT_MS_MAX + marginMs)
      expect({ status, projection: headers.get("waybill-projection") }).toEqual({ status: 201, projection: "pending" })
      placed.push(made.id)
      // An order that D1 does not show can be accepted all the same: the ledger decides.
      const accepted = await api("PUT", `/orders/${made.id}/status`, { token: supplier.token, body: { status: "ACCEPTED" } })
      expect({ status: accepted.status, state: accepted.body.status }).toEqual({ status: 200, state: "ACCEPTED" })
      await pause(400)
    }
    expect(placed.length).toBeGreaterThan(30)
    expect(await d1("select id from orders where org_id = ?", supplier.org.id)).toEqual([])
    faults.heal()
    await eventually(
      "the alarm drained the outbox",
      limits.relayRetryMsMax + 5_000,
      async () => (await ledger.count("outbox_dirty")) + (await ledger.count("outbox_append")) === 0,
    )
    for (const org of [supplier.org.id, buyer.org.id]) {
      const shown = await d1<{ id: string; status: string }>("select id, status from orders where org_id = ? order by id", org)
      expect(shown).toEqual([...placed].sort().map((id) => ({ id, status: "ACCEPTED" })))
    }
    expect((await ledger.rpc.reconcile()).differences).toEqual([])
    const { headers } = await api("POST", "/orders", { token: buyer.token, body })
    expect(headers.get("waybill-projection")).toBeNull()
  }, 120_000)
})

test("INV-PRJ-6: a D1 that never answers holds no order up longer than the projection wait, and its batch is tried again", async () => {
  const { ledger, buyer, product } = await trading()
  using faults = new D1Faults()
  faults.hang()
  const started = performance.now()
  const { result, projection } = await ledger.give(buyer, "placeOrder", order(buyer, [product.id, 1]))
  expect(result.ok).toBe(true)
  expect(projection).toBe("pending")
  expect(performance.now() - started).toBeLessThan(configOf(env).PROJECTION_WAIT_MS_MAX + marginMs)
  // The relay gives the batch up by itself; the next ones find D1 well again, though the first was never answered.
  await eventually("the relay gave up", 25_000, async () => {
    const { projection: next, result: second } = await ledger.give(buyer, "placeOrder", order(buyer, [product.id, 1]))
    const isPending = next === "pending" && second.ok
    await pause(500)
    return isPending && performance.now() - started > 10_500
  })
  const asked = faults.batches
  using healthy = new D1Faults()
  void healthy
  faults.heal()
  await eventually("the outbox drained", 40_000, async () => (await ledger.count("outbox_dirty")) === 0)
  expect(faults.batches).toBeGreaterThanOrEqual(asked)
  await expectProjected(ledger, [buyer])
}, 90_000)

test("INV-DUE-2: an alarm that meets a failing D1 ends well and is set again, whatever was due", async () => {
  const { ledger, buyer, product } = await trading()
  using faults = new D1Faults()
  faults.fail()
  await ledger.give(buyer, "placeOrder", order(buyer, [product.id, 1]))
  await ledger.rpc.rebuild()
  for (let round = 0; round < 8; round += 1) {
    await ledger.comeDue("relay", "watch", "commands", "reconcile", "rebuild")
    const alarm = await runInDurableObject(ledger.stub, (_, { storage }) => storage.getAlarm())
    expect(alarm, `round ${round}`).not.toBeNull()
    const due = (await ledger.rows<{ kind: string }>("SELECT kind FROM due ORDER BY kind")).map(({ kind }) => kind)
    expect(due).toEqual(["commands", "rebuild", "reconcile", "relay", "watch"])
  }
  faults.heal()
  await ledger.comeDue("relay", "rebuild")
  expect(await ledger.count("outbox_dirty")).toBe(0)
  await expectProjected(ledger, [buyer])
})

describe("LedgerWatch", () => {
  const isListed = async (ledger: TestLedger) =>
    (await ledgerWatchOf(env).behind()).ledgers.find(({ routing }) => routing === ledger.owner.routing)

  test("learns of a ledger whose outbox is late, since when and how much, and forgets it once it is drained", async () => {
    const { ledger, buyer, product } = await trading()
    using faults = new D1Faults()
    faults.fail()
    const before = Date.now()
    await ledger.give(buyer, "placeOrder", order(buyer, [product.id, 1]))
    expect(await isListed(ledger)).toBeUndefined()
    const firstFailure = Date.now()
    // After outboxLateMs, by the ledger's own alarm.
    await eventually("the watch heard", limits.outboxLateMs + 5_000, async () => (await isListed(ledger)) !== undefined)
    expect(Date.now() - before).toBeGreaterThanOrEqual(limits.outboxLateMs)
    await ledger.evict()
    await ledger.comeDue("watch")
    const late = await isListed(ledger)
    expect(late?.since).toBeGreaterThanOrEqual(before)
    expect(late?.since).toBeLessThanOrEqual(firstFailure)
    expect(late?.depth).toBeGreaterThan(0)
    faults.heal()
    await ledger.comeDue("relay")
    await eventually("the watch forgot", 25_000, async () => (await isListed(ledger)) === undefined)
  }, 60_000)

  test("hears nothing of a failure that passes before the outbox is late", async () => {
    const ledger = await adopted()
    using faults = new D1Faults()
    faults.fail()
    await stocked(ledger, 1)
    faults.heal()
    await ledger.comeDue("relay")
    await ledger.comeDue("watch")
    expect(await isListed(ledger)).toBeUndefined()
    expect(await ledger.rows("SELECT value FROM meta WHERE key = 'late_since'")).toEqual([{ value: 0 }])
  })
})
