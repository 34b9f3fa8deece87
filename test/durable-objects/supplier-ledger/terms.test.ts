import { beforeAll, describe, expect, test } from "vitest"
import type { GivenTerms } from "../../../src/domains/partners/rules.ts"
import type { LinkId } from "../../../src/kernel/ids.ts"
import { formatMoney } from "../../../src/kernel/money.ts"
import { d1, linkedBuyer, noTerms, order, quiet, type TestLedger, trading } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

async function linkOf(ledger: TestLedger, buyerId: string): Promise<LinkId> {
  const [row] = await ledger.rows<{ id: LinkId }>("SELECT id FROM links WHERE buyer_id = ?", buyerId)
  if (row === undefined) throw new Error("there is no such link")
  return row.id
}

async function world() {
  const { ledger, buyer, product } = await trading(1_000)
  const linkId = await linkOf(ledger, buyer.id)
  const set = (terms: Partial<GivenTerms>) => ledger.must(ledger.owner, "setLinkTerms", { linkId, terms: { ...noTerms, ...terms } })
  return { ledger, buyer, product, linkId, set }
}

describe("terms of a link", () => {
  test("are projected for each party, and follow the supplier's name and time zone without moving their version", async () => {
    const { ledger, buyer, linkId, set } = await world()
    await set({ discountBasisPoints: 500, orderCutOff: "16:00", deliveryDays: ["MONDAY"] })
    await expectProjected(ledger, [buyer])
    const moved = { ...ledger.owner, version: 2, settings: { ...ledger.owner.settings, time_zone: "Asia/Tokyo" } }
    await ledger.rpc.adopt(moved)
    expect(await d1("select distinct time_zone, order_cut_off from link_terms where id = ?", linkId)).toEqual([
      { time_zone: "Asia/Tokyo", order_cut_off: "16:00" },
    ])
    expect(await ledger.rpc.readLink(buyer.id, linkId)).toMatchObject({ version: 3, terms: { timeZone: "Asia/Tokyo" } })
  })

  test("are one buyer's alone", async () => {
    const { ledger, buyer, product, set } = await world()
    const rival = await linkedBuyer(ledger, "Rival")
    await set({ priceList: [{ productId: product.id, price: "1", tiers: [] }] })
    expect((await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))).lines[0]).toMatchObject({ unitPriceMinor: 100 })
    expect((await ledger.must(rival, "placeOrder", order(rival, [product.id, 1]))).lines[0]).toMatchObject({
      unitPriceMinor: 599,
      priceRule: "BASE",
    })
  })

  test("survive the object, and what a repeat of the command answers is the first answer", async () => {
    const { ledger, buyer, product, linkId } = await world()
    const terms = { ...noTerms, discountBasisPoints: 1_000 }
    const first = await ledger.must(ledger.owner, "setLinkTerms", { linkId, terms }, { commandId: "terms-1" })
    await ledger.evict()
    expect(await ledger.must(ledger.owner, "setLinkTerms", { linkId, terms }, { commandId: "terms-1" })).toEqual(first)
    expect((await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))).totalMinor).toBe(539)
    expect(await ledger.rows("SELECT count(*) AS n FROM link_terms")).toEqual([{ n: 1 }])
  })

  test("that are refused leave the old ones and the link's version", async () => {
    const { ledger, product, linkId, set } = await world()
    await set({ discountBasisPoints: 100 })
    const before = await ledger.rows("SELECT * FROM link_terms")
    const bad = { ...noTerms, priceList: [{ productId: product.id, price: "5.999", tiers: [] }] }
    expect(await ledger.codeOf(ledger.owner, "setLinkTerms", { linkId, terms: bad })).toBe("VALIDATION_FAILED")
    expect(await ledger.codeOf(ledger.owner, "setLinkTerms", { linkId, terms: noTerms }, { ifMatch: 2 })).toBe("VERSION_MISMATCH")
    expect(await ledger.rows("SELECT * FROM link_terms")).toEqual(before)
    expect(await ledger.rpc.readLink(ledger.owner.id, linkId)).toMatchObject({ version: 3 })
  })

  test("name archived products no more than unknown ones, and an archived one's entry stays without effect", async () => {
    const { ledger, product, linkId, set } = await world()
    const listed = { ...noTerms, priceList: [{ productId: product.id, price: "1", tiers: [] }] }
    await set(listed)
    await ledger.must(ledger.owner, "archiveProduct", { productId: product.id })
    expect(await ledger.codeOf(ledger.owner, "setLinkTerms", { linkId, terms: listed })).toBe("VALIDATION_FAILED")
  })

  test("in a product's former currency are not applied", async () => {
    const { ledger, buyer, product, set } = await world()
    await set({ priceList: [{ productId: product.id, price: "1", tiers: [] }] })
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, currency: "EUR", price: "7" })
    const placed = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    expect([formatMoney(placed.totalMinor, placed.currency), placed.currency, placed.lines[0]?.priceRule]).toEqual(["7.00", "EUR", "BASE"])
  })
})
