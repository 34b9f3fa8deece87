import { runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import type { LedgerCommands, LedgerVerb } from "../../../durable-objects/supplier-ledger/commands/index.ts"
import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import type { LinkId, OrderId, ProductId } from "../../../src/kernel/ids.ts"
import { adopted, noTerms, order, organization, quiet, TestLedger, trading } from "../../support/ledger.ts"

beforeAll(quiet)

const nobodysLink = "lnk_00000000000000000000000000"
const nobodysOrder = "ord_00000000000000000000000000"
const nobodysProduct = "prd_00000000000000000000000000"
const nobodysIdentity = "idn_00000000000000000000000000"
const nobodysFile = "fil_00000000000000000000000000"
const nobodysPlace = "whs_00000000000000000000000000"
const nobodysUnit = "unt_00000000000000000000000000"

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

type Verb = Exclude<LedgerVerb, "requestLink">
type Ids = { readonly link: LinkId; readonly order: OrderId; readonly product: ProductId }

/** Every command that there is, with ids that whoever tries it has no right to; a request for a link is theirs to make. */
const attempts = (
  by: OrganizationFacts,
  { link, order: orderId, product: productId }: Ids,
): { readonly [V in Verb]: LedgerCommands[V]["input"] } => {
  const placed = order(by, [productId, 1])
  return {
    createProduct: { sku: "A", name: "A", price: 1 },
    updateProduct: { productId, price: 1 },
    attachIdentity: { productId, sku: "A", variant: { identityId: nobodysIdentity, color: null, size: null, condition: null } },
    archiveProduct: { productId },
    addProductImage: { productId, image: { fileId: nobodysFile, contentType: "image/png", width: null, height: null } },
    removeProductImage: { productId, fileId: nobodysFile },
    saveProduct: { sku: "A", name: "A", price: 1 },
    setLinkStatus: { linkId: link, status: "APPROVED", reason: null, mayUnblock: true },
    setLinkTerms: { linkId: link, terms: noTerms },
    placeOrder: placed,
    placeOrderBySku: { ...placed, lines: [{ sku: "SKU-1", quantityMilli: 1_000 }] },
    reorder: { orderId },
    setOrderStatus: { orderId, status: "CANCELLED", reason: null },
    recordMovements: { items: [{ type: "IN", productId, quantityMilli: 1_000 }], onError: "reject_all" },
    setLotStatus: { lotNumber: "L-1", status: "RECALLED", reason: null },
    createLocation: { code: "A", name: "A", kind: "WAREHOUSE", address: null, capacityMilli: null, operatorId: null },
    updateLocation: { locationId: nobodysPlace, name: "A" },
    archiveLocation: { locationId: nobodysPlace },
    addComponent: { parentId: productId, childId: nobodysProduct, quantityMilli: 1_000, role: "PRIMARY" },
    removeComponent: { componentId: "bcp_00000000000000000000000000" },
    receiveUnits: { form: "one", items: [{ productId, serial: "A" }] },
    handleUnit: { unitId: nobodysUnit, verb: "sell", reason: null },
  }
}

/** What comes of all of them, and of all that can be read. */
async function tryEverything(ledger: TestLedger, by: OrganizationFacts, ids: Ids) {
  const codes: Record<string, string> = {}
  for (const [verb, input] of Object.entries(attempts(by, ids))) codes[verb] = await ledger.codeOf(by, verb as Verb, input)
  const trace = await ledger.rpc.readLotTrace(by.id, { lotNumber: "L-1" })
  return {
    codes,
    trace: trace.ok ? "OK" : trace.error.code,
    reads: await Promise.all([
      ledger.rpc.readOrder(by.id, ids.order),
      ledger.rpc.readLink(by.id, ids.link),
      ledger.rpc.readProduct(by.id, ids.product),
      ledger.rpc.readUnit(by.id, nobodysUnit),
      ledger.rpc.readUnitSummary(by.id, ids.product),
      ledger.rpc.readMovement(by.id, "mov_00000000000000000000000000"),
      ledger.rpc.readLocation(by.id, nobodysPlace),
      ledger.rpc.readStockValue(by.id),
    ]),
  }
}

const refused = {
  codes: Object.fromEntries(
    Object.keys(attempts(organization("Nobody"), { link: nobodysLink, order: nobodysOrder, product: nobodysProduct })).map((verb) => [
      verb,
      verb.startsWith("placeOrder") ? "LINK_NOT_APPROVED" : "NOT_FOUND",
    ]),
  ),
  trace: "NOT_FOUND",
  reads: Array.from({ length: 8 }, () => undefined),
}

describe("INV-LED-1: somebody without a link", () => {
  test("changes not a byte of a supplier's storage, and learns nothing of what is in it", async () => {
    const { ledger, buyer, product } = await trading(5)
    const placed = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    const [link] = await ledger.rows<{ id: LinkId }>("SELECT id FROM links")
    await ledger.comeDue("relay")
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
    await ledger.comeDue("relay")
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
