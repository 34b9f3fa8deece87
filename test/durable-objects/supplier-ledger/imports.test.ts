import { expect, test } from "vitest"
import { adopted, linkedBuyer, organization, quiet } from "../../support/ledger.ts"

quiet()

const flour = { sku: "FLOUR", name: "Flour", price: "1.00", stockMilli: 5_000 }

test("saveProduct creates, changes, and leaves alone what already is as stated", async () => {
  const ledger = await adopted()
  const made = await ledger.must(ledger.owner, "saveProduct", flour)
  expect(made).toMatchObject({ sku: "FLOUR", version: 1, stockMilli: 5_000 })
  const audits = await ledger.count("outbox_append")
  const same = await ledger.must(ledger.owner, "saveProduct", flour)
  expect(same).toEqual(made)
  expect(await ledger.count("outbox_append")).toBe(audits)
  const changed = await ledger.must(ledger.owner, "saveProduct", { sku: "FLOUR", price: "1.10", stockMilli: 2_000 })
  expect(changed).toMatchObject({ id: made.id, version: 2, priceMinor: 110, stockMilli: 2_000, name: "Flour" })
  expect(await ledger.codeOf(ledger.owner, "saveProduct", { sku: "NEW" })).toBe("VALIDATION_FAILED")
  expect(await ledger.codeOf(organization("Stranger"), "saveProduct", flour)).toBe("NOT_FOUND")
})

test("INV-LED-1: who has no approved link is not told which SKUs there are", async () => {
  const ledger = await adopted()
  await ledger.must(ledger.owner, "saveProduct", flour)
  const stranger = organization("Stranger", { isSupplier: false })
  const order = (sku: string, buyerId = stranger.id) => ({
    buyerId,
    lines: [{ sku, quantityMilli: 1_000 }],
    note: null,
    requestedDeliveryOn: null,
  })
  expect(await ledger.codeOf(stranger, "placeOrderBySku", order("FLOUR"))).toBe("LINK_NOT_APPROVED")
  expect(await ledger.codeOf(stranger, "placeOrderBySku", order("NOPE"))).toBe("LINK_NOT_APPROVED")
  const buyer = await linkedBuyer(ledger)
  expect(await ledger.codeOf(stranger, "placeOrderBySku", order("FLOUR", buyer.id))).toBe("LINK_NOT_APPROVED")
  expect(await ledger.codeOf(buyer, "placeOrderBySku", order("NOPE", buyer.id))).toBe("VALIDATION_FAILED")
  expect(await ledger.must(buyer, "placeOrderBySku", order("FLOUR", buyer.id))).toMatchObject({ buyerId: buyer.id, status: "PENDING" })
})

test("INV-CMD-1: commands that come together are each done once, and one that is refused takes no other along", async () => {
  const ledger = await adopted()
  const envelopes = ["A", "", "B"].map((sku, at) =>
    ledger.envelope(ledger.owner, "saveProduct", sku === "" ? { sku: "NAMELESS" } : { ...flour, sku }, { commandId: `row ${at}` }),
  )
  const first = await ledger.rpc.executeAll(envelopes)
  expect(first.results.map(({ ok }) => ok)).toEqual([true, false, true])
  const again = await ledger.rpc.executeAll(envelopes)
  expect(again.results).toEqual(first.results)
  expect(await ledger.count("products")).toBe(2)
})
