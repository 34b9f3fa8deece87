import { beforeAll, describe, expect, test } from "vitest"
import type { OrderFacts, SettableOrderStatus } from "../../../src/domains/orders/rules.ts"
import type { OrderId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { addDays } from "../../../src/kernel/zoned-time.ts"
import { d1, linkedBuyer, noTerms, order, quiet, stocked, type TestLedger, trading } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"
import { receive } from "../../support/stock.ts"

beforeAll(quiet)

const hour = 3_600_000
const today = new Date().toISOString().slice(0, 10)

async function market(units = 10) {
  const { ledger, buyer, product } = await trading(units)
  const to = (orderId: OrderId, status: SettableOrderStatus) => ({ orderId, status, reason: null })
  const place = (...lines: ReadonlyArray<readonly [ProductId, number]>) => ledger.must(buyer, "placeOrder", order(buyer, ...lines))
  /** The supplier accepts so much of each line, in whole units; a product beside it is the substitute. */
  const offer = ({ id, lines }: OrderFacts, ...items: ReadonlyArray<readonly [number, ProductId?]>) => ({
    ...to(id, "ACCEPTED"),
    amendment: {
      answerWithinMs: hour,
      items: items.map(([quantity, substituteId], index) => ({
        itemId: lines[index]?.id ?? "oln_00000000000000000000000000",
        quantityMilli: quantity * 1_000,
        ...(substituteId === undefined ? {} : { substituteId }),
      })),
    },
  })
  const sell = (given: ReturnType<typeof to>) => ledger.must(ledger.owner, "setOrderStatus", given)
  const productNow = async (id: ProductId) => {
    const found = await ledger.rpc.readProduct(ledger.owner.id, id)
    return { stock: (found?.stockMilli ?? 0) / 1000, available: (found?.availableMilli ?? 0) / 1000 }
  }
  return { ledger, buyer, product, to, place, offer, sell, productNow }
}

const kitOf = async (ledger: TestLedger, ...parts: ReadonlyArray<readonly [{ readonly id: ProductId }, number]>) => {
  const kit = await stocked(ledger, 0)
  for (const [child, units] of parts) {
    const component = { parentId: kit.id, childId: child.id, quantityMilli: units * 1_000, role: "PRIMARY" } as const
    await ledger.must(ledger.owner, "addComponent", component)
  }
  return kit
}

describe("packs", () => {
  test("INV-ORD-10: 5 boxes of 12 are 60 units and nothing else, and the line keeps what was asked", async () => {
    const { ledger, buyer, product, to, sell, productNow } = await market(100)
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, packs: [{ unit: "Box", quantityMilli: 12_000 }] })
    const asked = (quantityMilli: number, unit: string) => ({ ...order(buyer), lines: [{ productId: product.id, quantityMilli, unit }] })
    const placed = await ledger.must(buyer, "placeOrder", asked(5_000, "box"))
    expect(placed.lines).toMatchObject([
      { unit: "piece", quantityMilli: 60_000, lineTotalMinor: 35_940, asked: { unit: "box", quantityMilli: 5_000 } },
    ])
    await sell(to(placed.id, "ACCEPTED"))
    expect(await productNow(product.id)).toEqual({ stock: 40, available: 40 })
    const again = await ledger.must(buyer, "reorder", { orderId: placed.id })
    expect(again.lines.map(({ quantityMilli }) => quantityMilli)).toEqual([60_000])
    const plain = await ledger.must(buyer, "placeOrder", asked(5_000, "PIECE"))
    expect(plain.lines).toMatchObject([{ quantityMilli: 5_000 }])
    expect(plain.lines[0]?.asked).toBeUndefined()

    expect(await ledger.codeOf(buyer, "placeOrder", asked(1_000, "pallet"))).toBe("VALIDATION_FAILED")
    expect(await ledger.codeOf(buyer, "placeOrder", asked(2_500, "box"))).toBe("OFF_STEP")
    expect(await ledger.codeOf(buyer, "placeOrder", asked(500, "piece"))).toBe("OFF_STEP")
    expect(await ledger.codeOf(buyer, "placeOrder", asked(limits.quantityMilliMax, "box"))).toBe("VALIDATION_FAILED")
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-10: movements count in them too, and weighed goods to the gram", async () => {
    const { ledger, buyer, product, productNow } = await market(0)
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, packs: [{ unit: "box", quantityMilli: 12_000 }] })
    await receive(ledger, { productId: product.id, quantityMilli: 5_000, unit: "box" })
    await ledger.must(ledger.owner, "recordMovements", {
      items: [{ type: "ADJUSTMENT", productId: product.id, quantityMilli: -1_000, unit: "box" }],
      onError: "reject_all",
    })
    expect(await productNow(product.id)).toEqual({ stock: 48, available: 48 })
    const moving = (quantityMilli: number, unit: string) =>
      ledger.codeOf(ledger.owner, "recordMovements", {
        items: [{ type: "IN", productId: product.id, quantityMilli, unit }],
        onError: "reject_all",
      })
    expect(await moving(500, "box")).toBe("OFF_STEP")
    expect(await moving(1_000, "crate")).toBe("VALIDATION_FAILED")

    const cheese = await ledger.must(ledger.owner, "createProduct", {
      sku: "CHEESE",
      name: "Cheese",
      price: "19.99",
      unit: "kg",
      quantityStepMilli: 1,
      stockMilli: 1_234,
    })
    const { lines } = await ledger.must(buyer, "placeOrder", { ...order(buyer), lines: [{ productId: cheese.id, quantityMilli: 1_234 }] })
    expect(lines).toMatchObject([{ quantityMilli: 1_234, lineTotalMinor: 2_467 }])
    await expectProjected(ledger, [buyer])
  })

  test("INV-CAT-1: are of the product's step, each with a name of its own", async () => {
    const { ledger, product } = await market()
    const packed = (...packs: ReadonlyArray<{ unit: string; quantityMilli: number }>) =>
      ledger.codeOf(ledger.owner, "updateProduct", { productId: product.id, packs })
    expect(await packed({ unit: "box", quantityMilli: 12_500 })).toBe("OFF_STEP")
    expect(await packed({ unit: "Piece", quantityMilli: 12_000 })).toBe("VALIDATION_FAILED")
    expect(await packed({ unit: "box", quantityMilli: 12_000 }, { unit: "BOX", quantityMilli: 6_000 })).toBe("VALIDATION_FAILED")
    expect(await packed({ unit: "box", quantityMilli: 12_000 }, { unit: "tray", quantityMilli: 6_000 })).toBe("OK")
  })
})

describe("kits", () => {
  test("INV-ORD-9: of two lines that share a component both pass or neither does", async () => {
    const { ledger, buyer, product: screw, to, place, sell, productNow } = await market(7)
    const nut = await stocked(ledger, 100)
    const [shelf, chair] = [await kitOf(ledger, [screw, 2], [nut, 1]), await kitOf(ledger, [screw, 2])]
    const both = await place([shelf.id, 2], [chair.id, 2])
    const { result } = await ledger.give(ledger.owner, "setOrderStatus", to(both.id, "ACCEPTED"))
    expect(result).toMatchObject({
      error: { code: "STOCK_INSUFFICIENT", extra: { shortages: [{ product_id: screw.id, sku: screw.sku, asked: 8, available: 7 }] } },
    })
    expect(await productNow(nut.id)).toEqual({ stock: 100, available: 100 })
    const fewer = await place([shelf.id, 2], [chair.id, 1], [screw.id, 1])
    await sell(to(fewer.id, "ACCEPTED"))
    expect(await productNow(screw.id)).toEqual({ stock: 0, available: 0 })
    const [shelves] = fewer.lines
    expect(
      await ledger.rows(
        "SELECT product_id, quantity_milli FROM stock_movements WHERE order_line_id = ? ORDER BY quantity_milli",
        shelves?.id ?? "",
      ),
    ).toEqual([
      { product_id: screw.id, quantity_milli: -4_000 },
      { product_id: nut.id, quantity_milli: -2_000 },
    ])
    await expectProjected(ledger, [buyer])
  })

  test("INV-STK-3: a cancelled kit gives its components back to the very lots they came from", async () => {
    const { ledger, buyer, product: screw, to, place, sell } = await market(0)
    const kit = await kitOf(ledger, [await kitOf(ledger, [screw, 2]), 2])
    const lot = (lotNumber: string, days: number, units: number) => ({
      productId: screw.id,
      quantityMilli: units * 1_000,
      lotNumber,
      expiresOn: addDays(today, days),
    })
    await receive(ledger, lot("LATER", 90, 10), lot("SOONER", 30, 3))
    const levels = () =>
      ledger.rows("SELECT number, on_hand_milli / 1000 AS units FROM stock_levels JOIN lots ON lots.id = lot_id ORDER BY number")
    const { id } = await place([kit.id, 2])
    await sell(to(id, "ACCEPTED"))
    expect(await levels()).toEqual([
      { number: "LATER", units: 5 },
      { number: "SOONER", units: 0 },
    ])
    await ledger.must(buyer, "setOrderStatus", to(id, "CANCELLED"))
    expect(await levels()).toEqual([
      { number: "LATER", units: 10 },
      { number: "SOONER", units: 3 },
    ])
    await expectProjected(ledger, [buyer])
  })

  test("INV-BDL-7: the catalog's stock of a kit, and of a kit it is in, follows its components in the same command", async () => {
    const { ledger, buyer, product: screw, to, place, sell } = await market(10)
    const nut = await stocked(ledger, 100)
    const kit = await kitOf(ledger, [screw, 2], [nut, 1])
    const big = await kitOf(ledger, [kit, 2])
    const shown = async () =>
      (
        await d1<{ id: string; stock: number; available: number }>(
          "select id, stock_milli / 1000 as stock, available_milli / 1000 as available from products where org_id = ? and id in (?, ?) order by id",
          ledger.owner.id,
          kit.id,
          big.id,
        )
      ).map(({ stock, available }) => [stock, available])
    expect(await shown()).toEqual([
      [5, 5],
      [2, 2],
    ])
    const { id } = await place([kit.id, 2])
    await sell(to(id, "ACCEPTED"))
    expect(await shown()).toEqual([
      [3, 3],
      [1, 1],
    ])
    await ledger.must(buyer, "setOrderStatus", to(id, "CANCELLED"))
    const [component] = await ledger.rows<{ id: string }>("SELECT id FROM bundle_components WHERE child_id = ?", screw.id)
    await ledger.must(ledger.owner, "removeComponent", { componentId: component?.id as never })
    expect(await shown()).toEqual([
      [100, 100],
      [50, 50],
    ])
    expect(await ledger.codeOf(ledger.owner, "updateProduct", { productId: kit.id, stockMilli: 5_000 })).toBe("VALIDATION_FAILED")
    expect(await ledger.rpc.reconcile()).toMatchObject({ differences: [], stuck: [] })
    await expectProjected(ledger, [buyer])
  })

  test("INV-STK-7: a kit that its components make scarce is told of as low", async () => {
    const { ledger, product: screw, to, place, sell } = await market(10)
    const kit = await kitOf(ledger, [screw, 2])
    await ledger.must(ledger.owner, "updateProduct", { productId: kit.id, minStockMilli: 4_000 })
    await sell(to((await place([screw.id, 4])).id, "ACCEPTED"))
    const low = await d1<{ data: string }>("select data from events where org_id = ? and type = 'stock.low'", ledger.owner.id)
    expect(low.map(({ data }) => JSON.parse(data))).toMatchObject([{ product_id: kit.id, on_hand: 3 }])
  })

  test("INV-ORD-9: half a kit takes no half pieces", async () => {
    const { ledger, buyer, product: screw } = await market(10)
    const kit = await kitOf(ledger, [screw, 1])
    await ledger.must(ledger.owner, "updateProduct", { productId: kit.id, quantityStepMilli: 500, minOrderMilli: 500 })
    expect(await ledger.codeOf(buyer, "placeOrder", order(buyer, [kit.id, 0.5]))).toBe("OFF_STEP")
    expect(await ledger.codeOf(buyer, "placeOrder", order(buyer, [kit.id, 1]))).toBe("OK")
  })
})

describe("goods that must keep", () => {
  test("INV-ORD-9: what expires sooner than the link's terms allow is not taken, for this buyer alone", async () => {
    const { ledger, buyer, product, to, place, sell } = await market(0)
    const other = await linkedBuyer(ledger, "Other")
    const lot = (lotNumber: string, days: number) => ({
      productId: product.id,
      quantityMilli: 5_000,
      lotNumber,
      expiresOn: addDays(today, days),
    })
    await receive(ledger, lot("SOON", 5), lot("LATE", 60))
    const [link] = await ledger.rows<{ id: string }>("SELECT id FROM links WHERE buyer_id = ?", buyer.id)
    await ledger.must(ledger.owner, "setLinkTerms", { linkId: link?.id as never, terms: { ...noTerms, minShelfLifeDays: 30 } })
    expect(await d1("select distinct min_shelf_life_days as days from link_terms where id = ?", link?.id)).toEqual([{ days: 30 }])
    const taken = async (orderId: OrderId) =>
      (
        await ledger.rows<{ number: string }>(
          "SELECT number FROM stock_movements m JOIN lots ON lots.id = m.lot_id WHERE order_id = ?",
          orderId,
        )
      ).map(({ number }) => number)
    const six = await place([product.id, 6])
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(six.id, "ACCEPTED"))).toBe("STOCK_INSUFFICIENT")
    const two = await place([product.id, 2])
    await sell(to(two.id, "ACCEPTED"))
    expect(await taken(two.id)).toEqual(["LATE"])
    const theirs = await ledger.must(other, "placeOrder", order(other, [product.id, 2]))
    await sell(to(theirs.id, "ACCEPTED"))
    expect(await taken(theirs.id)).toEqual(["SOON"])
    await expectProjected(ledger, [buyer, other])
  })
})

describe("an amended order", () => {
  test("INV-ORD-7: stands as it was ordered, with what is offered beside it and the goods kept, until the buyer agrees", async () => {
    const { ledger, buyer, product, to, place, offer, sell, productNow } = await market(10)
    const other = await stocked(ledger, 4, "2.00")
    const placed = await place([product.id, 6], [other.id, 4])
    const amended = await sell(offer(placed, [5]))
    expect(amended).toMatchObject({
      status: "AMENDED",
      totalMinor: placed.totalMinor,
      lines: [{ quantityMilli: 6_000, proposal: { quantityMilli: 5_000, lineTotalMinor: 2_995 } }, { quantityMilli: 4_000 }],
    })
    expect(amended.lines[1]?.proposal).toBeUndefined()
    // What was not amended is kept as well.
    expect([await productNow(product.id), await productNow(other.id)]).toEqual([
      { stock: 10, available: 5 },
      { stock: 4, available: 0 },
    ])
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(placed.id, "ACCEPTED"))).toBe("INVALID_TRANSITION")
    expect(await ledger.codeOf(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"), { ifMatch: 1 })).toBe("VERSION_MISMATCH")
    await expectProjected(ledger, [buyer])

    const agreed = await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"), { commandId: "yes" })
    expect(await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"), { commandId: "yes" })).toEqual(agreed)
    expect(agreed).toMatchObject({
      status: "ACCEPTED",
      answerBy: null,
      totalMinor: 2_995 + 800,
      lines: [{ quantityMilli: 5_000, ordered: { quantityMilli: 6_000, lineTotalMinor: 3_594 } }, {}],
    })
    expect(await ledger.count("reservations")).toBe(0)
    expect([await productNow(product.id), await productNow(other.id)]).toEqual([
      { stock: 5, available: 5 },
      { stock: 0, available: 0 },
    ])
    await ledger.must(buyer, "setOrderStatus", to(placed.id, "CANCELLED"))
    expect([await productNow(product.id), await productNow(other.id)]).toEqual([
      { stock: 10, available: 10 },
      { stock: 4, available: 4 },
    ])
    const again = await ledger.must(buyer, "reorder", { orderId: placed.id })
    expect(again.lines.map(({ quantityMilli }) => quantityMilli)).toEqual([6_000, 4_000])
    for (const org of [buyer.id, ledger.owner.id]) {
      const types = await d1<{ type: string }>(
        "select type from events where org_id = ? and data like ? order by seq",
        org,
        `%${placed.id}%`,
      )
      expect(types.map(({ type }) => type)).toEqual(["order.placed", "order.amended", "order.accepted", "order.cancelled"])
    }
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-7: a substitute comes at the buyer's own price, and is what is sold once the buyer agrees", async () => {
    const { ledger, buyer, product, to, place, offer, sell, productNow } = await market(0)
    const beef = await stocked(ledger, 20, "4.00")
    const [link] = await ledger.rows<{ id: string }>("SELECT id FROM links WHERE buyer_id = ?", buyer.id)
    const priceList = [{ productId: beef.id, price: "3.50", tiers: [{ fromMilli: 12_000, price: "3.00" }] }]
    await ledger.must(ledger.owner, "setLinkTerms", { linkId: link?.id as never, terms: { ...noTerms, priceList } })
    const placed = await place([product.id, 5], [product.id, 7])
    const amended = await sell(offer(placed, [5, beef.id], [7, beef.id]))
    expect(amended.lines).toMatchObject([
      { productId: product.id, proposal: { productId: beef.id, unitPriceMinor: 300, priceRule: "TIER", lineTotalMinor: 1_500 } },
      { proposal: { unitPriceMinor: 300 } },
    ])
    const agreed = await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))
    expect(agreed).toMatchObject({
      totalMinor: 3_600,
      lines: [{ productId: beef.id, sku: beef.sku, ordered: { productId: product.id } }, {}],
    })
    expect(await productNow(beef.id)).toEqual({ stock: 8, available: 8 })
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-7: is declined by the buyer or withdrawn by the supplier, which frees the goods and leaves the lines as they were", async () => {
    const { ledger, buyer, product, to, place, offer, sell, productNow } = await market(10)
    for (const by of [buyer, ledger.owner]) {
      const placed = await place([product.id, 10])
      await sell(offer(placed, [9]))
      expect((await productNow(product.id)).available).toBe(1)
      const cancelled = await ledger.must(by, "setOrderStatus", to(placed.id, "CANCELLED"))
      expect(cancelled).toMatchObject({ status: "CANCELLED", answerBy: null, lines: placed.lines, totalMinor: placed.totalMinor })
      expect(await productNow(product.id)).toEqual({ stock: 10, available: 10 })
    }
    expect(await ledger.count("reservations")).toBe(0)
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-7: is cancelled by the system when nobody answers in time, once, with events to both", async () => {
    const { ledger, buyer, product, to, place, offer, sell, productNow } = await market(10)
    const placed = await place([product.id, 10])
    const inTime = await place([product.id, 3])
    await sell(offer(inTime, [2]))
    const late = offer(placed, [8])
    await sell({ ...late, amendment: { ...late.amendment, answerWithinMs: 0 } } as typeof late)
    // Too late is too late, whether or not the system came by yet.
    expect(await ledger.codeOf(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))).toBe("INVALID_TRANSITION")
    await ledger.comeDue("stock")
    await ledger.comeDue("stock")
    await ledger.comeDue("relay")
    expect(await ledger.codeOf(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))).toBe("INVALID_TRANSITION")
    const found = await ledger.rpc.readOrder(buyer.id, placed.id)
    expect(found).toMatchObject({ status: "CANCELLED", answerBy: null, version: 3, lines: placed.lines })
    expect(found?.history.at(-1)).toMatchObject({ from: "AMENDED", to: "CANCELLED", by: { id: null, name: "Waybill" } })
    expect(await productNow(product.id)).toEqual({ stock: 10, available: 8 })
    expect(await ledger.rpc.readOrder(buyer.id, inTime.id)).toMatchObject({ status: "AMENDED" })
    for (const org of [buyer.id, ledger.owner.id]) {
      expect(await d1("select type from events where org_id = ? and type = 'order.cancelled'", org)).toHaveLength(1)
    }
    const audits = "select actor_kind as kind from audit_logs where org_id = ? and action = 'orders.order.cancel'"
    expect(await d1(audits, ledger.owner.id)).toEqual([{ kind: "SYSTEM" }])
    await expectProjected(ledger, [buyer])
  })

  test("INV-STK-2: that cannot be kept whole is not offered; no other order gets what is kept", async () => {
    const { ledger, buyer, product, to, place, offer, sell } = await market(10)
    const [large, small] = [await place([product.id, 20]), await place([product.id, 5])]
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", offer(large, [11]))).toBe("STOCK_INSUFFICIENT")
    expect(await ledger.count("reservations")).toBe(0)
    await sell(offer(large, [8]))
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(small.id, "ACCEPTED"))).toBe("STOCK_INSUFFICIENT")
    await ledger.must(buyer, "setOrderStatus", to(large.id, "CANCELLED"))
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(small.id, "ACCEPTED"))).toBe("OK")
    await expectProjected(ledger, [buyer])
  })

  test("keeps a kit's components", async () => {
    const { ledger, buyer, product: screw, to, place, offer, sell, productNow } = await market(10)
    const kit = await kitOf(ledger, [screw, 2])
    const placed = await place([kit.id, 5])
    await sell(offer(placed, [4]))
    expect([await productNow(screw.id), await productNow(kit.id)]).toEqual([
      { stock: 10, available: 2 },
      { stock: 5, available: 1 },
    ])
    await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))
    expect([await productNow(screw.id), await productNow(kit.id)]).toEqual([
      { stock: 2, available: 2 },
      { stock: 1, available: 1 },
    ])
    await expectProjected(ledger, [buyer])
  })

  test("says what is wrong with an offer, and just what was ordered is no amendment", async () => {
    const { ledger, buyer, product, place, offer, sell } = await market(10)
    const gone = await stocked(ledger, 1)
    await ledger.must(ledger.owner, "archiveProduct", { productId: gone.id })
    const euro = await ledger.must(ledger.owner, "createProduct", { sku: "EUR", name: "Euro", price: 1, currency: "EUR" })
    const placed = await place([product.id, 2])
    const faultOf = async (...items: Parameters<typeof offer>[1][]) => {
      const { result } = await ledger.give(ledger.owner, "setOrderStatus", offer(placed, ...items))
      return result.ok
        ? "OK"
        : `${result.error.code} ${(result.error.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`).join(", ")}`
    }
    expect(await faultOf([3])).toBe("VALIDATION_FAILED /items/0/quantity MORE_THAN_ORDERED")
    expect(await faultOf([1], [1])).toBe("VALIDATION_FAILED /items/1/item_id UNKNOWN_ITEM")
    expect(await faultOf([1.5])).toBe("OFF_STEP /items/0/quantity OFF_STEP")
    expect(await faultOf([1, gone.id])).toBe("VALIDATION_FAILED /items/0/substitute_product_id UNKNOWN_PRODUCT")
    expect(await faultOf([1, euro.id])).toBe("VALIDATION_FAILED /items/0/substitute_product_id OTHER_CURRENCY")
    expect(await faultOf([0])).toBe("VALIDATION_FAILED /items NOTHING")
    expect(await ledger.rpc.readOrder(buyer.id, placed.id)).toMatchObject({ status: "PENDING", version: 1 })
    expect(await sell(offer(placed, [2]))).toMatchObject({ status: "ACCEPTED", lines: placed.lines })
  })
})

describe("delivery", () => {
  test("INV-ORD-1: that failed goes out again, or its goods go back", async () => {
    const { ledger, buyer, product, to, place, sell, productNow } = await market(10)
    const { id } = await place([product.id, 4])
    for (const status of ["ACCEPTED", "IN_DELIVERY", "FAILED_DELIVERY", "IN_DELIVERY", "FAILED_DELIVERY"] as const)
      await sell(to(id, status))
    expect((await productNow(product.id)).stock).toBe(6)
    await sell(to(id, "CANCELLED"))
    expect((await productNow(product.id)).stock).toBe(10)
    expect(await d1("select type from events where org_id = ? and type = 'order.delivery_failed'", buyer.id)).toHaveLength(2)
    await expectProjected(ledger, [buyer])
  })

  test("is not tried for ever", async () => {
    const { ledger, product, to, place, sell } = await market(10)
    const { id } = await place([product.id, 4])
    await sell(to(id, "ACCEPTED"))
    for (let tries = 0; tries < limits.orderDeliveriesMax; tries += 1) {
      await sell(to(id, "IN_DELIVERY"))
      await sell(to(id, "FAILED_DELIVERY"))
    }
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(id, "IN_DELIVERY"))).toBe("CONFLICT")
  })

  test("INV-ORD-8: keeps ordered, accepted, delivered and billed apart; what is billed makes the total, half up", async () => {
    const { ledger, buyer, product, to, place, offer, sell, productNow } = await market(10)
    const placed = await place([product.id, 2], [product.id, 3])
    const [goose, rest] = placed.lines
    await sell(offer(placed, [1]))
    await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))
    await sell(to(placed.id, "IN_DELIVERY"))
    const complete = (deliveredMilli: number, billedMilli: number) => ({
      ...to(placed.id, "COMPLETED"),
      delivered: [{ itemId: goose?.id ?? "oln_00000000000000000000000000", deliveredMilli, billedMilli }],
    })
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", complete(1_501, 1_000))).toBe("VALIDATION_FAILED")
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", complete(940, 941))).toBe("VALIDATION_FAILED")
    const done = await sell(complete(940, 935))
    // 5.99 × 0.935 = 5.60065, and three at 5.99.
    expect(done).toMatchObject({
      status: "COMPLETED",
      totalMinor: 560 + 1_797,
      lines: [
        { ordered: { quantityMilli: 2_000 }, quantityMilli: 1_000, deliveredMilli: 940, billedMilli: 935, lineTotalMinor: 560 },
        { id: rest?.id, lineTotalMinor: 1_797 },
      ],
    })
    expect(await productNow(product.id)).toEqual({ stock: 6, available: 6 })
    await expectProjected(ledger, [buyer])
  })
})
