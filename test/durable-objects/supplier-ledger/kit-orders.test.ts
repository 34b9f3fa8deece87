import { beforeAll, describe, expect, test, vi } from "vitest"
import type { OrderFacts, SettableOrderStatus } from "../../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import type { UnitVerb } from "../../../src/domains/units/rules.ts"
import type { LinkId, OrderId, ProductId, UnitId } from "../../../src/kernel/ids.ts"
import { adopted, d1, linkedBuyer, order, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"
import { receive, stockOf } from "../../support/stock.ts"

beforeAll(quiet)

const hour = 3_600_000

async function market(units = 0) {
  const ledger = await adopted()
  const [buyer, screw] = [await linkedBuyer(ledger), await stocked(ledger, units)]
  return { ledger, buyer, screw }
}

type Named = { readonly id: ProductId }

async function kitOf(ledger: TestLedger, ...parts: ReadonlyArray<readonly [Named, number]>) {
  const kit = await stocked(ledger, 0, "20.00")
  for (const [child, units] of parts) await addTo(ledger, kit, child, units)
  return kit
}
const addTo = (ledger: TestLedger, parent: Named, child: Named, units: number) =>
  ledger.must(ledger.owner, "addComponent", { parentId: parent.id, childId: child.id, quantityMilli: units * 1_000, role: "PRIMARY" })

const place = (ledger: TestLedger, buyer: OrganizationFacts, ...lines: ReadonlyArray<readonly [Named, number]>) =>
  ledger.must(buyer, "placeOrder", order(buyer, ...lines.map(([product, units]) => [product.id, units] as const)))

const to = (orderId: OrderId, status: SettableOrderStatus) => ({ orderId, status, reason: null })

/** The supplier accepts so much of a line, in whole units, of the ordered product or of a substitute. */
const offer = ({ id, lines }: OrderFacts, line: number, units: number, substitute?: Named) => ({
  ...to(id, "ACCEPTED"),
  amendment: {
    answerWithinMs: hour,
    items: [
      {
        itemId: lines[line]?.id ?? "oln_00000000000000000000000000",
        quantityMilli: units * 1_000,
        ...(substitute === undefined ? {} : { substituteId: substitute.id }),
      },
    ],
  },
})

const reservedOf = async (ledger: TestLedger, { id }: Named): Promise<number> => {
  const [row] = await ledger.rows<{ units: number }>(
    "SELECT coalesce(sum(quantity_milli), 0) / 1000 AS units FROM reservations WHERE product_id = ?",
    id,
  )
  return row?.units ?? 0
}

describe("a kit, a kit that it is in and what both are made of, in one order", () => {
  test("INV-ORD-9: are met together or not at all, are kept as they are offered, and go back to their lots", async () => {
    const { ledger, buyer, screw } = await market()
    await receive(
      ledger,
      { productId: screw.id, quantityMilli: 12_000, lotNumber: "SOONER", expiresOn: "2080-01-01" },
      { productId: screw.id, quantityMilli: 8_000, lotNumber: "LATER", expiresOn: "2090-01-01" },
    )
    const kit = await kitOf(ledger, [screw, 2])
    const big = await kitOf(ledger, [kit, 2], [screw, 1])
    const before = await stockOf(ledger, screw.id)
    // 2 × 5, 3 × 2 and 5 by themselves: one more than there is.
    const placed = await place(ledger, buyer, [big, 2], [kit, 3], [screw, 5])
    const { result } = await ledger.give(ledger.owner, "setOrderStatus", to(placed.id, "ACCEPTED"))
    expect(result).toMatchObject({
      error: { code: "STOCK_INSUFFICIENT", extra: { shortages: [{ product_id: screw.id, asked: 21, available: 20 }] } },
    })
    expect(await stockOf(ledger, screw.id)).toEqual(before)

    await ledger.must(ledger.owner, "setOrderStatus", offer(placed, 2, 4))
    expect(await reservedOf(ledger, screw)).toBe(20)
    const late = await place(ledger, buyer, [kit, 1])
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", to(late.id, "ACCEPTED"))).toBe("STOCK_INSUFFICIENT")
    await expectProjected(ledger, [buyer])
    await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))
    expect([await stockOf(ledger, screw.id), await reservedOf(ledger, screw)]).toEqual([{}, 0])
    const taken = await ledger.rows<{ units: number }>(
      "SELECT -sum(quantity_milli) / 1000 AS units FROM stock_movements WHERE order_id = ? GROUP BY order_line_id ORDER BY units",
      placed.id,
    )
    expect(taken.map(({ units }) => units)).toEqual([4, 6, 10])
    await ledger.must(buyer, "setOrderStatus", to(placed.id, "CANCELLED"))
    expect(await stockOf(ledger, screw.id)).toEqual(before)
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-7: a kit may stand in for its component, and a component for its kit", async () => {
    const { ledger, buyer, screw } = await market(10)
    const kit = await kitOf(ledger, [screw, 2])
    const [single, whole] = [await place(ledger, buyer, [screw, 6]), await place(ledger, buyer, [kit, 2])]
    await ledger.must(ledger.owner, "setOrderStatus", offer(single, 0, 3, kit))
    // Four of the ten are left.
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", offer(whole, 0, 5, screw))).toBe("STOCK_INSUFFICIENT")
    await ledger.must(ledger.owner, "setOrderStatus", offer(whole, 0, 4, screw))
    expect(await reservedOf(ledger, screw)).toBe(10)
    for (const { id } of [single, whole]) await ledger.must(buyer, "setOrderStatus", to(id, "ACCEPTED"))
    expect(await stockOf(ledger, screw.id)).toEqual({})
    await expectProjected(ledger, [buyer])
  })
})

describe("an amended order", () => {
  const linkOf = async (ledger: TestLedger, { id }: OrganizationFacts): Promise<LinkId> => {
    const [link] = await ledger.rows<{ id: LinkId }>("SELECT id FROM links WHERE buyer_id = ?", id)
    return link?.id ?? "lnk_00000000000000000000000000"
  }
  type Scene = Awaited<ReturnType<typeof market>>
  const endLink = async ({ ledger, buyer }: Scene, by: OrganizationFacts, status: "BLOCKED" | "REMOVED") =>
    ledger.must(by, "setLinkStatus", { linkId: await linkOf(ledger, buyer), status, reason: null, mayUnblock: false })

  test.each<[string, (scene: Scene) => Promise<unknown>]>([
    ["its link is blocked", (scene) => endLink(scene, scene.ledger.owner, "BLOCKED")],
    ["the buyer ended its link", (scene) => endLink(scene, scene.buyer, "REMOVED")],
    [
      "its product is off sale",
      ({ ledger, screw }) => ledger.must(ledger.owner, "updateProduct", { productId: screw.id, isActive: false }),
    ],
    ["its product is archived", ({ ledger, screw }) => ledger.must(ledger.owner, "archiveProduct", { productId: screw.id })],
    ["its product costs more now", ({ ledger, screw }) => ledger.must(ledger.owner, "updateProduct", { productId: screw.id, price: "99" })],
  ])("INV-ORD-7: is agreed to as it was offered though meanwhile %s", async (_what, meanwhile) => {
    const scene = await market(10)
    const { ledger, buyer, screw } = scene
    const placed = await place(ledger, buyer, [screw, 6])
    await ledger.must(ledger.owner, "setOrderStatus", offer(placed, 0, 4))
    await meanwhile(scene)
    expect(await reservedOf(ledger, screw)).toBe(4)
    const agreed = await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))
    expect(agreed).toMatchObject({ status: "ACCEPTED", totalMinor: 4 * 599 })
    expect([await stockOf(ledger, screw.id), await reservedOf(ledger, screw)]).toEqual([{ MAIN: 6 }, 0])
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-7: is over when its time is and not before, by the alarm that the offer set, also after the object died", async () => {
    const { ledger, buyer, screw } = await market(10)
    const placed = await place(ledger, buyer, [screw, 6])
    const { answerBy } = await ledger.must(ledger.owner, "setOrderStatus", offer(placed, 0, 4))
    const over = answerBy ?? 0
    expect(await ledger.rows("SELECT at FROM due WHERE kind = 'stock'")).toEqual([{ at: over }])
    await ledger.evict()
    for (const [now, status, kept] of [
      [over - 1, "AMENDED", 4],
      [over, "CANCELLED", 0],
    ] as const) {
      const clock = vi.spyOn(Date, "now").mockReturnValue(now)
      try {
        await ledger.comeDue()
      } finally {
        clock.mockRestore()
      }
      expect([(await ledger.rpc.readOrder(buyer.id, placed.id))?.status, await reservedOf(ledger, screw)]).toEqual([status, kept])
    }
    await ledger.comeDue("relay")
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-7: whose lot is recalled meanwhile is filled from another, or waits for goods", async () => {
    const { ledger, buyer, screw } = await market()
    await receive(ledger, { productId: screw.id, quantityMilli: 5_000, lotNumber: "BAD" })
    const placed = await place(ledger, buyer, [screw, 4])
    await ledger.must(ledger.owner, "setOrderStatus", offer(placed, 0, 3))
    await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "BAD", status: "RECALLED", reason: "Glass" })
    expect(await reservedOf(ledger, screw)).toBe(0)
    expect(await ledger.codeOf(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))).toBe("STOCK_INSUFFICIENT")
    await receive(ledger, { productId: screw.id, quantityMilli: 5_000, lotNumber: "GOOD" })
    await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))
    expect(await stockOf(ledger, screw.id)).toEqual({ "MAIN BAD": 5, "MAIN GOOD": 2 })
    await expectProjected(ledger, [buyer])
  })

  test("INV-ORD-9: of half a kit that takes half a piece is refused at the item that says so", async () => {
    const { ledger, buyer, screw } = await market(10)
    const kit = await kitOf(ledger, [screw, 1])
    await ledger.must(ledger.owner, "updateProduct", { productId: kit.id, quantityStepMilli: 500, minOrderMilli: 500 })
    const placed = await place(ledger, buyer, [screw, 1], [kit, 2])
    const { result } = await ledger.give(ledger.owner, "setOrderStatus", offer(placed, 1, 1.5))
    expect(result).toMatchObject({ error: { code: "OFF_STEP", errors: [{ pointer: "/items/0/quantity", code: "OFF_STEP" }] } })
    expect(await reservedOf(ledger, screw)).toBe(0)
  })

  test("INV-ORD-9: of a kit that is made of something else meanwhile takes what it is made of when the buyer agrees", async () => {
    const { ledger, buyer, screw } = await market(10)
    const [kit, nut] = [await kitOf(ledger, [screw, 2]), await stocked(ledger, 0)]
    const placed = await place(ledger, buyer, [kit, 5])
    await ledger.must(ledger.owner, "setOrderStatus", offer(placed, 0, 4))
    await addTo(ledger, kit, nut, 1)
    expect(await ledger.codeOf(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))).toBe("STOCK_INSUFFICIENT")
    // Nothing is lost by asking: what was kept is kept still.
    expect(await reservedOf(ledger, screw)).toBe(8)
    await receive(ledger, { productId: nut.id, quantityMilli: 4_000 })
    await ledger.must(buyer, "setOrderStatus", to(placed.id, "ACCEPTED"))
    expect([await stockOf(ledger, screw.id), await stockOf(ledger, nut.id), await reservedOf(ledger, screw)]).toEqual([{ MAIN: 2 }, {}, 0])
    await expectProjected(ledger, [buyer])
  })
})

describe("a recall", () => {
  const recalls = async ({ id }: OrganizationFacts) =>
    (await d1<{ data: string }>("select data from events where org_id = ? and type = 'lot.recall_received'", id)).map(
      ({ data }) => JSON.parse(data) as { quantity: number; orders: ReadonlyArray<{ number: string; quantity: number }> },
    )

  test("INV-LOT-5: finds who got the lot within a kit, on whatever level, and tells what came back off what is out", async () => {
    const { ledger, buyer: kitBuyer } = await market()
    const [some, none] = [await linkedBuyer(ledger, "Gave some back"), await linkedBuyer(ledger, "Gave all back")]
    const valve = await stocked(ledger, 0)
    const big = await kitOf(ledger, [await kitOf(ledger, [valve, 2]), 1])
    const items = Array.from({ length: 6 }, (_, index) => ({ productId: valve.id, serial: `V-${index}`, lotNumber: "BAD" }))
    await ledger.must(ledger.owner, "receiveUnits", { form: "items", items })
    const completed = async (buyer: OrganizationFacts, product: Named, units: number) => {
      const placed = await place(ledger, buyer, [product, units])
      for (const status of ["ACCEPTED", "IN_DELIVERY", "COMPLETED"] as const)
        await ledger.must(ledger.owner, "setOrderStatus", to(placed.id, status))
      const sold = await ledger.rows<{ id: UnitId }>("SELECT id FROM units WHERE order_id = ? ORDER BY id", placed.id)
      return { number: placed.number, units: sold.map(({ id }) => id) }
    }
    const handle = (unitId: UnitId, verb: UnitVerb) =>
      ledger.must(ledger.owner, "handleUnit", { unitId, verb, reason: null, mayRestore: true })
    const inKit = await completed(kitBuyer, big, 1)
    const [partly, wholly] = [await completed(some, valve, 2), await completed(none, valve, 2)]
    for (const unit of [...partly.units.slice(0, 1), ...wholly.units]) {
      await handle(unit, "return")
      await handle(unit, "release")
    }
    // Whoever has the goods is told, whatever became of the link.
    const [link] = await ledger.rows<{ id: LinkId }>("SELECT id FROM links WHERE buyer_id = ?", kitBuyer.id)
    const linkId = link?.id ?? "lnk_00000000000000000000000000"
    await ledger.must(ledger.owner, "setLinkStatus", { linkId, status: "BLOCKED", reason: null, mayUnblock: false })

    const recalled = await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "BAD", status: "RECALLED", reason: "Glass" })
    expect(recalled.onHandMilli).toBe(3_000)
    await ledger.comeDue("relay")
    expect(await recalls(kitBuyer)).toMatchObject([{ quantity: 2, orders: [{ number: inKit.number, quantity: 2 }] }])
    expect(await recalls(some)).toMatchObject([{ quantity: 1, orders: [{ number: partly.number, quantity: 1 }] }])
    expect(await recalls(none)).toEqual([])
    const trace = await ledger.rpc.readLotTrace(ledger.owner.id, { lotNumber: "BAD" })
    expect(trace.ok && trace.value.orders.map(({ number, sentMilli, returnedMilli }) => [number, sentMilli, returnedMilli])).toEqual([
      [wholly.number, 2_000, 2_000],
      [partly.number, 2_000, 1_000],
      [inKit.number, 2_000, 0],
    ])
    await expectProjected(ledger, [kitBuyer, some, none])
  })
})
