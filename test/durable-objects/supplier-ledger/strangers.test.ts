import { runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import type { LinkId, OrderId, ProductId } from "../../../src/kernel/ids.ts"
import { adopted, linkedBuyer, noTerms, order, organization, quiet, stocked, TestLedger } from "../../support/ledger.ts"

beforeAll(quiet)

const nobodysLink = "lnk_00000000000000000000000000"
const nobodysOrder = "ord_00000000000000000000000000"
const nobodysProduct = "prd_00000000000000000000000000"

/** Everything the object stores, its alarm too. */
const storedIn = (ledger: TestLedger) =>
  runInDurableObject(ledger.stub, async (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'")
      .toArray()
      .map(({ name }) => name)
    return {
      alarm: await storage.getAlarm(),
      bytes: storage.sql.databaseSize,
      rows: Object.fromEntries(tables.map((name) => [name, storage.sql.exec(`SELECT * FROM ${name}`).toArray()])),
    }
  })

/** Every command that there is, as somebody may try it with ids they have no right to; a request for a link is theirs to make. */
async function tryEverything(ledger: TestLedger, by: OrganizationFacts, ids: { link: LinkId; order: OrderId; product: ProductId }) {
  const { link, order: orderId, product: productId } = ids
  return {
    createProduct: await ledger.codeOf(by, "createProduct", { sku: "A", name: "A", price: 1 }),
    updateProduct: await ledger.codeOf(by, "updateProduct", { productId, price: 1 }),
    archiveProduct: await ledger.codeOf(by, "archiveProduct", { productId }),
    setLinkStatus: await ledger.codeOf(by, "setLinkStatus", { linkId: link, status: "APPROVED", reason: null, mayUnblock: true }),
    setLinkTerms: await ledger.codeOf(by, "setLinkTerms", { linkId: link, terms: noTerms }),
    placeOrder: await ledger.codeOf(by, "placeOrder", order(by, [productId, 1])),
    reorder: await ledger.codeOf(by, "reorder", { orderId }),
    setOrderStatus: await ledger.codeOf(by, "setOrderStatus", { orderId, status: "CANCELLED", reason: null }),
    reads: [
      await ledger.rpc.readOrder(by.id, orderId),
      await ledger.rpc.readLink(by.id, link),
      await ledger.rpc.readProduct(by.id, productId),
    ],
  }
}

const refused = {
  createProduct: "NOT_FOUND",
  updateProduct: "NOT_FOUND",
  archiveProduct: "NOT_FOUND",
  setLinkStatus: "NOT_FOUND",
  setLinkTerms: "NOT_FOUND",
  placeOrder: "LINK_NOT_APPROVED",
  reorder: "NOT_FOUND",
  setOrderStatus: "NOT_FOUND",
  reads: [undefined, undefined, undefined],
}

describe("INV-LED-1: somebody without a link", () => {
  test("changes not a byte of a supplier's storage, and learns nothing of what is in it", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    const product = await stocked(ledger, 5)
    const placed = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    const [link] = await ledger.rows<{ id: LinkId }>("SELECT id FROM links")
    const before = await storedIn(ledger)
    const ids = { link: link?.id ?? nobodysLink, order: placed.id, product: product.id }
    const stranger = organization("Stranger")
    for (let round = 0; round < 5; round += 1) expect(await tryEverything(ledger, stranger, ids)).toEqual(refused)
    expect(await storedIn(ledger)).toEqual(before)
  })

  test("whose link waits for a decision is a stranger still", async () => {
    const ledger = await adopted()
    const asking = organization("Asking")
    await ledger.must(asking, "requestLink", { buyerId: asking.id, buyerName: asking.name, message: null, coolDownMs: 0 })
    const before = await storedIn(ledger)
    const ids = { link: nobodysLink, order: nobodysOrder, product: nobodysProduct } as const
    expect(await tryEverything(ledger, asking, ids)).toEqual(refused)
    expect(
      await ledger.codeOf(asking, "requestLink", { buyerId: asking.id, buyerName: asking.name, message: "again", coolDownMs: 0 }),
    ).toBe("LINK_EXISTS")
    expect(await storedIn(ledger)).toEqual(before)
  })
})

describe("INV-LED-2: a ledger that no organization has", () => {
  test("answers as one without links, makes no table and sets no alarm, whoever asks and whatever", async () => {
    const ledger = new TestLedger(organization("Nobody"))
    const before = await storedIn(ledger)
    const ids = { link: nobodysLink, order: nobodysOrder, product: nobodysProduct } as const
    expect(await tryEverything(ledger, organization("Stranger"), ids)).toEqual(refused)
    expect(await tryEverything(ledger, ledger.owner, ids)).toEqual(refused)
    const asking = organization("Asking")
    expect(await ledger.codeOf(asking, "requestLink", { buyerId: asking.id, buyerName: asking.name, message: null, coolDownMs: 0 })).toBe(
      "NOT_FOUND",
    )
    expect(await ledger.rpc.reconcile()).toEqual({ checked: 0, differences: [], truncated: false, stuck: [] })
    expect(await ledger.rpc.rebuild()).toEqual({ generation: 0, rows: 0 })
    expect(await storedIn(ledger)).toEqual(before)
    expect(before).toMatchObject({ alarm: null, rows: {} })
  })

  test("is made by its owner's facts, once, with a default location", async () => {
    const ledger = new TestLedger(organization("New"))
    await Promise.all(Array.from({ length: 5 }, () => ledger.rpc.adopt(ledger.owner)))
    expect(await ledger.rows("SELECT code, is_default FROM locations")).toEqual([{ code: "MAIN", is_default: 1 }])
    expect(await ledger.codeOf(ledger.owner, "createProduct", { sku: "A", name: "A", price: 1 })).toBe("OK")
  })
})
