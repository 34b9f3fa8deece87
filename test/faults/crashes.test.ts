import { evictDurableObject, runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { D1Faults } from "../support/d1-faults.ts"
import { d1, eventually, order, pause, quiet, type TestLedger, trading } from "../support/ledger.ts"
import { expectProjected } from "../support/projection.ts"

beforeAll(quiet)

const rowsAbout = async (orderId: string) => ({
  orders: (await d1("select 1 from orders where id = ?", orderId)).length,
  audits: (await d1("select 1 from audit_logs where entity_id = ?", orderId)).length,
  events: (await d1("select 1 from events where data like ?", `%${orderId}%`)).length,
})
/** One row a party, one audit row, one event a party. */
const once = { orders: 2, audits: 1, events: 2 }

const isDrained = async (ledger: TestLedger) => (await ledger.count("outbox_dirty")) + (await ledger.count("outbox_append")) === 0

describe("an object that dies", () => {
  test("INV-PRJ-2: between commit and projection is woken by its alarm and projects, once", async () => {
    const { ledger, buyer, product } = await trading()
    using faults = new D1Faults()
    faults.fail()
    const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 2]))
    await evictDurableObject(ledger.stub)
    faults.heal()
    // Nobody calls the object: what asks here is D1 alone.
    await eventually("the alarm projected the order", limits.outboxLateMs + 5_000, async () => (await rowsAbout(id)).events === 2)
    expect(await rowsAbout(id)).toEqual(once)
    expect(await isDrained(ledger)).toBe(true)
    await expectProjected(ledger, [buyer])
  })

  test("in the midst of a batch, killed outright, loses nothing that it had committed and repeats nothing", async () => {
    const { ledger, buyer, product } = await trading()
    using faults = new D1Faults()
    faults.delay(400)
    const answer = ledger.give(buyer, "placeOrder", order(buyer, [product.id, 2])).then(
      () => "answered",
      () => "broken",
    )
    await pause(150)
    await runInDurableObject(ledger.stub, (_, state) => state.abort("killed by the test")).catch(() => undefined)
    expect(await answer).toBe("broken")
    const orders = await ledger.rows<{ id: string }>("SELECT id FROM orders")
    expect(orders).toHaveLength(1)
    faults.heal()
    await eventually("the alarm projected the order", limits.outboxLateMs + 5_000, () => isDrained(ledger))
    // The killed batch may arrive as late as it likes.
    await pause(500)
    for (const { id } of orders) expect(await rowsAbout(id)).toEqual(once)
    await expectProjected(ledger, [buyer])
  })

  test("INV-DUE-1: while it handles what fell due comes back to it", async () => {
    const { ledger, buyer, product } = await trading()
    using faults = new D1Faults()
    faults.fail()
    const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 2]))
    faults.delay(600)
    const alarm = ledger.comeDue("relay").catch(() => undefined)
    await pause(200)
    expect(await ledger.rows("SELECT kind FROM due WHERE kind = 'relay'")).toEqual([{ kind: "relay" }])
    await runInDurableObject(ledger.stub, (_, state) => state.abort("killed by the test")).catch(() => undefined)
    await alarm
    expect(await ledger.rows("SELECT kind FROM due WHERE kind IN ('relay', 'reconcile') ORDER BY kind")).toEqual([
      { kind: "reconcile" },
      { kind: "relay" },
    ])
    faults.heal()
    await ledger.comeDue("relay")
    await pause(700)
    expect(await rowsAbout(id)).toEqual(once)
    await expectProjected(ledger, [buyer])
  })
})

test("INV-PRJ-3: a batch that D1 carried out but whose answer was lost is sent again and changes nothing", async () => {
  const { ledger, buyer, product } = await trading()
  using faults = new D1Faults()
  faults.loseAnswers()
  const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 2]))
  expect(await rowsAbout(id)).toEqual(once)
  expect(await isDrained(ledger)).toBe(false)
  await ledger.comeDue("relay")
  faults.heal()
  await ledger.comeDue("relay")
  expect(await isDrained(ledger)).toBe(true)
  expect(await rowsAbout(id)).toEqual(once)
  await expectProjected(ledger, [buyer])
})

test("INV-PRJ-3: a batch that arrives after a newer one changes nothing back", async () => {
  const { ledger, buyer, product } = await trading()
  const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 2]))
  using faults = new D1Faults()
  faults.delay(500)
  const first = ledger.give(ledger.owner, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null }).catch(() => undefined)
  await pause(100)
  // The object is killed with that batch on its way; a new one sends what came after.
  await runInDurableObject(ledger.stub, (_, state) => state.abort("killed by the test")).catch(() => undefined)
  faults.heal()
  await ledger.must(buyer, "setOrderStatus", { orderId: id, status: "CANCELLED", reason: "changed our minds" })
  await first
  await pause(700)
  expect(await d1("select distinct status from orders where id = ?", id)).toEqual([{ status: "CANCELLED" }])
  await expectProjected(ledger, [buyer])
})
