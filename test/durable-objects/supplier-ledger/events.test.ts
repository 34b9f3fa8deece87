import { runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import { newId } from "../../../src/kernel/ids.ts"
import { adopted, d1, order, quiet, stocked, trading } from "../../support/ledger.ts"

beforeAll(quiet)

describe("a ledger's events", () => {
  test("say whose act they were, on both sides", async () => {
    const { ledger, buyer, product } = await trading()
    const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    await ledger.must(ledger.owner, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null })
    for (const org of [ledger.owner, buyer]) {
      const rows = await d1("select type, actor_id from events where org_id = ? and type like 'order.%' order by seq", org.id)
      expect(rows).toEqual([
        { type: "order.placed", actor_id: `usr_${buyer.id.slice(4)}` },
        { type: "order.accepted", actor_id: `usr_${ledger.owner.id.slice(4)}` },
      ])
    }
  })

  test("that wait from before there was an actor on them are sent as they are", async () => {
    const ledger = await adopted()
    const { owner } = ledger
    const id = newId("evt", Date.now())
    await runInDurableObject(ledger.stub, (_, { storage }) => {
      const row = [owner.id, id, "product.created", "catalog.product.read", "{}", 17]
      storage.sql.exec("INSERT INTO outbox_append (target, row) VALUES ('events', ?)", JSON.stringify(row))
    })
    await stocked(ledger, 1)
    expect(await d1("select type, at, actor_id from events where org_id = ? and id = ?", owner.id, id)).toEqual([
      { type: "product.created", at: 17, actor_id: null },
    ])
  })
})
