import { beforeAll, describe, expect, test } from "vitest"
import { D1Faults } from "../support/d1-faults.ts"
import { adopted, d1, order, quiet, trading } from "../support/ledger.ts"
import { expectProjected } from "../support/projection.ts"

beforeAll(quiet)

/** D1 refuses these rows from now on, as it would one that breaks a constraint; the answer lifts the refusal. */
async function refuse(table: string, when: string): Promise<() => Promise<unknown>> {
  const name = `refuse_${crypto.randomUUID().replaceAll("-", "")}`
  await d1(`create trigger ${name} before insert on ${table} when ${when} begin select raise(abort, 'refused by the test'); end`)
  return () => d1(`drop trigger ${name}`)
}

describe("a row that D1 refuses for good", () => {
  test("INV-PRJ-5: parks alone: the orders around it go on, before and after", async () => {
    const { ledger, buyer, product } = await trading(100)
    const mend = await refuse("orders", `new.note = 'poison ${ledger.owner.id}'`)
    const replies = await Promise.all(
      Array.from({ length: 9 }, (_, index) =>
        ledger.give(buyer, "placeOrder", { ...order(buyer, [product.id, 1]), note: index === 4 ? `poison ${ledger.owner.id}` : "well" }),
      ),
    )
    expect(replies.every(({ result }) => result.ok)).toBe(true)
    const poison = replies[4]?.result
    const poisonId = poison?.ok === true ? poison.value.id : ""
    const shown = () => d1<{ id: string }>("select id from orders where org_id = ?", ledger.owner.id)
    expect(await shown()).toHaveLength(8)
    expect((await shown()).some(({ id }) => id === poisonId)).toBe(false)
    expect(await ledger.rows("SELECT kind, id, stuck IS NOT NULL AS stuck FROM outbox_dirty")).toEqual([
      { kind: "order", id: poisonId, stuck: 1 },
    ])
    // Its audit row and events are not to blame, and arrived.
    expect(await d1("select 1 from audit_logs where entity_id = ?", poisonId)).toHaveLength(1)
    expect(await d1("select 1 from events where data like ?", `%${poisonId}%`)).toHaveLength(2)

    const { projection } = await ledger.give(buyer, "placeOrder", order(buyer, [product.id, 1]))
    expect(projection).toBe("done")
    expect(await shown()).toHaveLength(9)
    const { stuck, differences } = await ledger.rpc.reconcile()
    expect(stuck).toMatchObject([{ what: `order ${poisonId}`, error: expect.stringContaining("refused by the test") as string }])
    expect(differences).toEqual([])

    // Mended: the ledger's own hourly comparison tries it again.
    await mend()
    await ledger.comeDue("reconcile")
    expect(await ledger.count("outbox_dirty")).toBe(0)
    expect(await shown()).toHaveLength(10)
    await expectProjected(ledger, [buyer])
  })

  test("is tried again when it changes", async () => {
    const ledger = await adopted()
    const mend = await refuse("products", `new.name = 'Bad ${ledger.owner.id}'`)
    const product = await ledger.must(ledger.owner, "createProduct", {
      sku: "A",
      name: `Bad ${ledger.owner.id}`,
      price: 1,
      stockMilli: 5_000,
    })
    // Its stock comes with the same row, and is refused with it; movement and level are not.
    expect(new Set((await ledger.rows<{ kind: string }>("SELECT kind FROM outbox_dirty")).map(({ kind }) => kind))).toEqual(
      new Set(["product", "stock"]),
    )
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, name: "Good" })
    expect((await ledger.rows<{ kind: string }>("SELECT kind FROM outbox_dirty WHERE kind = 'product'")).length).toBe(0)
    await mend()
    await ledger.rpc.reconcile()
    expect(await ledger.count("outbox_dirty")).toBe(0)
    await expectProjected(ledger, [])
  })

  test("an event or audit row that is refused waits aside and is added once it is mended", async () => {
    const { ledger, buyer, product } = await trading()
    const mend = await refuse("events", `new.org_id = '${buyer.id}' and new.type = 'order.placed'`)
    const placed = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    await ledger.must(ledger.owner, "setOrderStatus", { orderId: placed.id, status: "ACCEPTED", reason: null })
    const types = async () =>
      (await d1<{ type: string }>("select type from events where org_id = ? and type like 'order%' order by seq", buyer.id)).map(
        ({ type }) => type,
      )
    expect(await types()).toEqual(["order.accepted"])
    expect(await ledger.rows("SELECT target FROM outbox_append WHERE stuck IS NOT NULL")).toEqual([{ target: "events" }])
    await mend()
    await ledger.comeDue("reconcile")
    expect(await types()).toEqual(["order.accepted", "order.placed"])
    expect(await ledger.count("outbox_append")).toBe(0)
  })

  test("INV-PRJ-5: a table that is missing is nobody's fault: nothing is parked, all waits for the migration", async () => {
    const ledger = await adopted()
    await d1("alter table stock_levels rename to stock_levels_away")
    using faults = new D1Faults()
    const { projection } = await ledger.give(ledger.owner, "createProduct", { sku: "A", name: "A", price: 1, stockMilli: 1_000 })
    await d1("alter table stock_levels_away rename to stock_levels")
    expect(projection).toBe("pending")
    expect(faults.batches).toBeLessThan(3)
    expect(await ledger.rows("SELECT * FROM outbox_dirty WHERE stuck IS NOT NULL")).toEqual([])
    await ledger.comeDue("relay")
    await expectProjected(ledger, [])
  })
})
