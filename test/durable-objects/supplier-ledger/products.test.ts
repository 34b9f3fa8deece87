import { beforeAll, describe, expect, test } from "vitest"
import { adopted, d1, linkedBuyer, organization, quiet } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

const tomatoes = { sku: "TOM-001", name: "Tomatoes", price: "5.99" } as const

describe("creating a product", () => {
  test("works with the documented defaults, in the organization's currency, and shows in D1", async () => {
    const ledger = await adopted()
    const product = await ledger.must(ledger.owner, "createProduct", tomatoes)
    expect(product).toMatchObject({
      sku: "TOM-001",
      name: "Tomatoes",
      description: "",
      category: "",
      unit: "piece",
      quantityStepMilli: 1_000,
      priceMinor: 599,
      currency: "USD",
      minOrderMilli: 1_000,
      minStockMilli: 0,
      stockMilli: 0,
      isActive: true,
      archivedAt: null,
      version: 1,
      supplierId: ledger.owner.id,
    })
    await expectProjected(ledger, [])
  })

  test("books a stated stock as an opening movement at the default location", async () => {
    const ledger = await adopted()
    const product = await ledger.must(ledger.owner, "createProduct", { ...tomatoes, stockMilli: 7_000 })
    expect(product.stockMilli).toBe(7_000)
    const [location] = await ledger.rows("SELECT id FROM locations WHERE is_default = 1")
    expect(await ledger.rows("SELECT product_id, location_id, type, reason, quantity_milli FROM stock_movements")).toEqual([
      { product_id: product.id, location_id: location?.["id"], type: "IN", reason: "OPENING", quantity_milli: 7_000 },
    ])
    await expectProjected(ledger, [])
  })

  test("is refused to anyone but the owner, and the refusal tells nothing", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    for (const stranger of [buyer, organization("Stranger")])
      expect(await ledger.codeOf(stranger, "createProduct", tomatoes)).toBe("NOT_FOUND")
    expect(await ledger.count("products")).toBe(0)
  })

  test("INV-CAT-3: a SKU is one product's at a time; an archived one gives it up", async () => {
    const ledger = await adopted()
    const first = await ledger.must(ledger.owner, "createProduct", tomatoes)
    expect(await ledger.codeOf(ledger.owner, "createProduct", tomatoes)).toBe("CONFLICT")
    await ledger.must(ledger.owner, "archiveProduct", { productId: first.id })
    expect(await ledger.codeOf(ledger.owner, "createProduct", tomatoes)).toBe("OK")
  })

  test("INV-CAT-1: what is off the step, or has more digits than its currency, is refused with a pointer", async () => {
    const ledger = await adopted()
    const errorsOf = async (input: Partial<Parameters<typeof ledger.envelope<"createProduct">>[2]>) => {
      const { result } = await ledger.give(ledger.owner, "createProduct", { ...tomatoes, ...input })
      return result.ok ? [] : [result.error.code, ...(result.error.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`)]
    }
    expect(await errorsOf({ quantityStepMilli: 2_000, minOrderMilli: 3_000, stockMilli: 1_000 })).toEqual([
      "OFF_STEP",
      "/min_order_qty OFF_STEP",
      "/stock_quantity OFF_STEP",
    ])
    expect(await errorsOf({ price: "5.999" })).toEqual(["VALIDATION_FAILED", "/price TOO_PRECISE"])
    expect(await errorsOf({ price: "5.5", currency: "JPY" })).toEqual(["VALIDATION_FAILED", "/price TOO_PRECISE"])
    expect(await errorsOf({ price: "-1" })).toEqual(["VALIDATION_FAILED", "/price NEGATIVE"])
    expect(await ledger.count("products")).toBe(0)
    expect(await ledger.count("stock_movements")).toBe(0)
  })

  test("repeated under its id makes one product and answers the same", async () => {
    const ledger = await adopted()
    const [first, second] = [
      await ledger.give(ledger.owner, "createProduct", tomatoes, { commandId: "one" }),
      await ledger.give(ledger.owner, "createProduct", tomatoes, { commandId: "one" }),
    ]
    expect(second.result).toEqual(first.result)
    expect(await ledger.count("products")).toBe(1)
  })
})

describe("changing a product", () => {
  test("changes what is stated and nothing else, and moves the version on", async () => {
    const ledger = await adopted()
    const before = await ledger.must(ledger.owner, "createProduct", { ...tomatoes, stockMilli: 5_000, description: "red" })
    const after = await ledger.must(ledger.owner, "updateProduct", { productId: before.id, price: "6.49" })
    expect(after).toEqual({ ...before, priceMinor: 649, version: 2, seq: after.seq, updatedAt: after.updatedAt })
    expect(after.seq).toBeGreaterThan(before.seq)
    await expectProjected(ledger, [])
  })

  test("a stated stock is a count: the difference is an adjustment in the journal", async () => {
    const ledger = await adopted()
    const { id } = await ledger.must(ledger.owner, "createProduct", { ...tomatoes, stockMilli: 5_000 })
    await ledger.must(ledger.owner, "updateProduct", { productId: id, stockMilli: 2_000 })
    await ledger.must(ledger.owner, "updateProduct", { productId: id, stockMilli: 2_000 })
    expect((await ledger.must(ledger.owner, "updateProduct", { productId: id, stockMilli: 0 })).stockMilli).toBe(0)
    expect(await ledger.rows("SELECT type, reason, quantity_milli FROM stock_movements ORDER BY id")).toEqual([
      { type: "IN", reason: "OPENING", quantity_milli: 5_000 },
      { type: "ADJUSTMENT", reason: "COUNT", quantity_milli: -3_000 },
      { type: "ADJUSTMENT", reason: "COUNT", quantity_milli: -2_000 },
    ])
    await expectProjected(ledger, [])
  })

  test("on another version than the one seen is VERSION_MISMATCH, and changes nothing", async () => {
    const ledger = await adopted()
    const { id } = await ledger.must(ledger.owner, "createProduct", { ...tomatoes, stockMilli: 5_000 })
    await ledger.must(ledger.owner, "updateProduct", { productId: id, name: "Red tomatoes" }, { ifMatch: 1 })
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId: id, name: "Green", stockMilli: 0 }, { ifMatch: 1 })).toBe(
      "VERSION_MISMATCH",
    )
    expect(await ledger.codeOf(ledger.owner, "archiveProduct", { productId: id }, { ifMatch: 1 })).toBe("VERSION_MISMATCH")
    expect(await ledger.rows("SELECT name, version FROM products")).toEqual([{ name: "Red tomatoes", version: 2 }])
    expect(await ledger.count("stock_movements")).toBe(1)
  })

  test("a sale leaves the version alone, so that no editor is stale for it", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    const { id } = await ledger.must(ledger.owner, "createProduct", { ...tomatoes, stockMilli: 5_000 })
    const { id: orderId } = await ledger.must(buyer, "placeOrder", {
      buyerId: buyer.id,
      lines: [{ productId: id, quantityMilli: 1_000 }],
      note: null,
      requestedDeliveryOn: null,
    })
    await ledger.must(ledger.owner, "setOrderStatus", { orderId, status: "ACCEPTED", reason: null })
    expect(await ledger.must(ledger.owner, "updateProduct", { productId: id, name: "Red" }, { ifMatch: 1 })).toMatchObject({
      version: 2,
      stockMilli: 4_000,
    })
  })

  test("into another currency needs the price said again; onto another's SKU is a conflict", async () => {
    const ledger = await adopted()
    const { id } = await ledger.must(ledger.owner, "createProduct", tomatoes)
    await ledger.must(ledger.owner, "createProduct", { ...tomatoes, sku: "POT-001" })
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId: id, currency: "JPY" })).toBe("VALIDATION_FAILED")
    expect(await ledger.must(ledger.owner, "updateProduct", { productId: id, currency: "JPY", price: 700 })).toMatchObject({
      currency: "JPY",
      priceMinor: 700,
    })
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId: id, sku: "POT-001" })).toBe("CONFLICT")
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId: id, sku: "TOM-001" })).toBe("OK")
  })

  test("a step that the minimum order is off is refused", async () => {
    const ledger = await adopted()
    const { id } = await ledger.must(ledger.owner, "createProduct", { ...tomatoes, minOrderMilli: 3_000 })
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId: id, quantityStepMilli: 2_000 })).toBe("OFF_STEP")
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId: id, quantityStepMilli: 2_000, minOrderMilli: 4_000 })).toBe("OK")
  })
})

describe("archiving a product", () => {
  test("takes it off sale, keeps its stock and journal, and is done once", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    const { id } = await ledger.must(ledger.owner, "createProduct", { ...tomatoes, stockMilli: 5_000 })
    expect(await ledger.must(ledger.owner, "archiveProduct", { productId: id })).toMatchObject({
      isActive: false,
      stockMilli: 5_000,
      version: 2,
    })
    for (const verb of ["archiveProduct", "updateProduct"] as const)
      expect(await ledger.codeOf(ledger.owner, verb, { productId: id })).toBe("NOT_FOUND")
    expect(
      await ledger.codeOf(buyer, "placeOrder", {
        buyerId: buyer.id,
        lines: [{ productId: id, quantityMilli: 1_000 }],
        note: null,
        requestedDeliveryOn: null,
      }),
    ).toBe("VALIDATION_FAILED")
    await expectProjected(ledger, [buyer])
  })
})

test("INV-CMD-2: every change leaves one audit row and one event, in the supplier's organization alone", async () => {
  const ledger = await adopted()
  const { id } = await ledger.must(ledger.owner, "createProduct", tomatoes)
  await ledger.must(ledger.owner, "updateProduct", { productId: id, name: "Red tomatoes" })
  await ledger.codeOf(ledger.owner, "updateProduct", { productId: id, sku: "TOM-001" }, { ifMatch: 9 })
  await ledger.must(ledger.owner, "archiveProduct", { productId: id })
  const audits = await d1<{ action: string; before: string | null; after: string; ip_address: string }>(
    "select * from audit_logs where entity_id = ? order by at, id",
    id,
  )
  expect(audits.map(({ action, ip_address }) => `${action} ${ip_address}`).sort()).toEqual(
    ["archive", "create", "update"].map((verb) => `catalog.product.${verb} 192.0.2.1`),
  )
  const update = audits.find(({ action }) => action === "catalog.product.update")
  expect([JSON.parse(update?.before ?? "{}"), JSON.parse(update?.after ?? "{}")]).toMatchObject([
    { name: "Tomatoes", version: 1 },
    { name: "Red tomatoes", version: 2 },
  ])
  expect(await d1("select org_id, type from events where data like ? order by seq", `%${id}%`)).toEqual(
    ["created", "updated", "archived"].map((what) => ({ org_id: ledger.owner.id, type: `product.${what}` })),
  )
})
