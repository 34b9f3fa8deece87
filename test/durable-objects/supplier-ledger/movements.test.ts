import { beforeAll, describe, expect, test, vi } from "vitest"
import type { MovementInput } from "../../../durable-objects/supplier-ledger/commands/movements.ts"
import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import type { LocationId, LotId, MovementId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { day, hour } from "../../../src/kernel/time.ts"
import { adopted, d1, linkedBuyer, order, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { placeOf } from "../../support/places.ts"
import { expectProjected } from "../../support/projection.ts"
import { inside, mainOf, movement, receiveUnit, record, refusalOf, stockOf, units } from "../../support/stock.ts"

beforeAll(quiet)

type Stockroom = {
  readonly ledger: TestLedger
  readonly product: ProductFacts
  readonly main: LocationId
  readonly north: LocationId
}

/** A product of which there is nothing yet, with two places for it. */
async function stockroom(start = 0): Promise<Stockroom> {
  const ledger = await adopted()
  const product = await stocked(ledger, start)
  const north = await placeOf(ledger, "NORTH")
  return { ledger, product, main: await mainOf(ledger), north }
}

const cell = (productId: ProductId, locationId: LocationId, lotId: LotId | "" = "") => ({ productId, locationId, lotId })

/** INV-PRJ-1, with the comparison's own word for it. */
async function expectWholeProjection(ledger: TestLedger): Promise<void> {
  await ledger.comeDue("relay")
  await expectProjected(ledger, [])
  expect(await ledger.rpc.reconcile()).toMatchObject({
    differences: [],
    stuck: [],
  })
}

const lotIdOf = async (ledger: TestLedger, number: string): Promise<LotId> => {
  const [row] = await ledger.rows<{ id: LotId }>("SELECT id FROM lots WHERE number = ?", number)
  if (row === undefined) throw new Error(`no lot ${number}`)
  return row.id
}

const eventsOf = async (ledger: TestLedger, type: string) => {
  await ledger.comeDue("relay")
  const rows = await d1<{ data: string }>("select data from events where org_id = ? and type = ? order by seq", ledger.owner.id, type)
  return rows.map(({ data }) => JSON.parse(data))
}

describe("a movement", () => {
  test("of each type does what it says, at the default place unless it names one", async () => {
    const { ledger, product, main, north } = await stockroom()
    expect(await record(ledger, product.id)).toMatchObject({
      locationId: main,
      quantityMilli: 10_000,
      reason: "RECEIPT",
      lotId: "",
    })
    await record(ledger, product.id, {
      locationId: north,
      quantityMilli: units(5),
      reason: "OPENING",
      reference: "DN-7",
    })
    expect(
      await record(ledger, product.id, {
        type: "OUT",
        quantityMilli: units(2),
        reason: "DAMAGED",
      }),
    ).toMatchObject({ quantityMilli: -2_000 })
    expect(
      await record(ledger, product.id, {
        type: "TRANSFER",
        quantityMilli: units(3),
        toLocationId: north,
      }),
    ).toMatchObject({
      quantityMilli: -3_000,
      locationId: main,
      toLocationId: north,
      reason: "TRANSFER",
    })
    await record(ledger, product.id, {
      type: "ADJUSTMENT",
      quantityMilli: units(-1),
    })
    await record(ledger, product.id, {
      type: "ADJUSTMENT",
      quantityMilli: units(4),
      locationId: north,
    })
    expect(await stockOf(ledger, product.id)).toEqual({ MAIN: 4, NORTH: 12 })
    expect(await ledger.rpc.readProduct(ledger.owner.id, product.id)).toMatchObject({ stockMilli: 16_000, availableMilli: 16_000 })
    expect(await eventsOf(ledger, "stock.moved")).toHaveLength(6)
    await expectWholeProjection(ledger)
  })

  test("INV-STK-4: is written with its levels, each the sum of its movements, of which a transfer counts at both ends", async () => {
    const { ledger, product, main, north } = await stockroom()
    await record(ledger, product.id)
    await record(ledger, product.id, { type: "OUT", quantityMilli: units(2), reason: "DAMAGED" })
    await record(ledger, product.id, { type: "TRANSFER", quantityMilli: units(3), toLocationId: north })
    const sums = await ledger.rows(
      `SELECT location_id, sum(milli) AS milli FROM (
         SELECT location_id, quantity_milli AS milli FROM stock_movements
         UNION ALL SELECT to_location_id, -quantity_milli FROM stock_movements WHERE to_location_id IS NOT NULL
       ) GROUP BY 1 ORDER BY 2`,
    )
    expect(sums).toEqual([
      { location_id: north, milli: 3_000 },
      { location_id: main, milli: 5_000 },
    ])
    expect(await ledger.rows("SELECT location_id, on_hand_milli AS milli FROM stock_levels ORDER BY 2")).toEqual(sums)
  })

  test("is refused with the fault and its place, and leaves nothing", async () => {
    const { ledger, product, main, north } = await stockroom(10)
    const gone = await placeOf(ledger, "GONE")
    await ledger.must(ledger.owner, "archiveLocation", { locationId: gone })
    await record(ledger, product.id, {
      type: "TRANSFER",
      quantityMilli: units(1),
      toLocationId: north,
      viaTransit: true,
    })
    const [transit] = await ledger.rows<{ id: LocationId }>("SELECT id FROM locations WHERE kind = 'IN_TRANSIT'")
    const before = await ledger.rows("SELECT * FROM stock_movements")
    const nobody = "whs_00000000000000000000000000" as const
    const cases: ReadonlyArray<readonly [Partial<MovementInput>, string]> = [
      [{ quantityMilli: 0 }, "VALIDATION_FAILED /quantity ZERO"],
      [{ quantityMilli: -1_000 }, "VALIDATION_FAILED /quantity NEGATIVE"],
      [{ type: "TRANSFER", quantityMilli: -1_000, toLocationId: north }, "VALIDATION_FAILED /quantity NEGATIVE"],
      [{ quantityMilli: 500 }, "OFF_STEP /quantity OFF_STEP"],
      [{ quantityMilli: limits.quantityMilliMax }, "VALIDATION_FAILED /quantity TOO_LARGE"],
      [{ type: "OUT", reason: "RECEIPT" }, "VALIDATION_FAILED /reason NOT_FOR_TYPE"],
      [{ effectiveAt: Date.now() + day }, "VALIDATION_FAILED /effective_at IN_THE_FUTURE"],
      [{ locationId: nobody }, "VALIDATION_FAILED /warehouse_id UNKNOWN_WAREHOUSE"],
      [{ locationId: gone }, "VALIDATION_FAILED /warehouse_id UNKNOWN_WAREHOUSE"],
      [{ locationId: transit?.id ?? main }, "VALIDATION_FAILED /warehouse_id IN_TRANSIT"],
      [{ type: "TRANSFER" }, "VALIDATION_FAILED /to_warehouse_id REQUIRED"],
      [{ type: "TRANSFER", toLocationId: main }, "VALIDATION_FAILED /to_warehouse_id SAME"],
      [{ type: "TRANSFER", toLocationId: gone }, "VALIDATION_FAILED /to_warehouse_id UNKNOWN_WAREHOUSE"],
      [{ type: "TRANSFER", toLocationId: transit?.id ?? main }, "VALIDATION_FAILED /to_warehouse_id IN_TRANSIT"],
      [{ toLocationId: north }, "VALIDATION_FAILED /to_warehouse_id NOT_A_TRANSFER"],
      [{ type: "OUT", viaTransit: true }, "VALIDATION_FAILED /to_warehouse_id NOT_A_TRANSFER"],
      [{ type: "OUT", unitCost: "1" }, "VALIDATION_FAILED /unit_cost NOT_A_RECEIPT"],
      [{ unitCost: "1.123456" }, "VALIDATION_FAILED /unit_cost TOO_PRECISE"],
      [{ unitCost: "-1" }, "VALIDATION_FAILED /unit_cost OUT_OF_RANGE"],
      [{ unitCost: "10000000001" }, "VALIDATION_FAILED /unit_cost OUT_OF_RANGE"],
      [{ expiresOn: "2999-01-31" }, "VALIDATION_FAILED /lot_number REQUIRED"],
      [{ type: "OUT", lotNumber: "NONE" }, "VALIDATION_FAILED /lot_number UNKNOWN_LOT"],
      [{ corrects: "mov_00000000000000000000000000" }, "VALIDATION_FAILED /corrects UNKNOWN_MOVEMENT"],
      [{ type: "TRANSFER", receives: "mov_00000000000000000000000000" }, "VALIDATION_FAILED /receives UNKNOWN_TRANSFER"],
      [{ type: "OUT", quantityMilli: units(10) }, "STOCK_INSUFFICIENT"],
      [{ type: "ADJUSTMENT", quantityMilli: units(-10) }, "STOCK_INSUFFICIENT"],
      [{ type: "TRANSFER", quantityMilli: units(10), toLocationId: north }, "STOCK_INSUFFICIENT"],
    ]
    for (const [given, refusal] of cases) expect(await refusalOf(ledger, product.id, given), JSON.stringify(given)).toBe(refusal)
    expect(await refusalOf(ledger, "prd_00000000000000000000000000", {})).toBe("VALIDATION_FAILED /product_id UNKNOWN_PRODUCT")
    expect(await ledger.rows("SELECT * FROM stock_movements")).toEqual(before)
    expect(await ledger.count("lots")).toBe(0)
    expect(await stockOf(ledger, product.id)).toEqual({
      MAIN: 9,
      "IN-TRANSIT": 1,
    })
  })

  test("is its owner's alone to state, and repeated under one key it is carried out once", async () => {
    const { ledger, product } = await stockroom()
    const buyer = await linkedBuyer(ledger)
    const input = {
      items: [movement(product.id)],
      onError: "reject_all" as const,
    }
    expect(await ledger.codeOf(buyer, "recordMovements", input)).toBe("NOT_FOUND")
    const first = await ledger.must(ledger.owner, "recordMovements", input, {
      commandId: "receipt",
    })
    expect(
      await ledger.must(ledger.owner, "recordMovements", input, {
        commandId: "receipt",
      }),
    ).toEqual(first)
    expect(
      await ledger.codeOf(ledger.owner, "recordMovements", input, {
        commandId: "receipt",
        requestHash: "other",
      }),
    ).toBe("IDEMPOTENCY_KEY_REUSED")
    expect(await stockOf(ledger, product.id)).toEqual({ MAIN: 10 })
    await ledger.comeDue("relay")
    expect(await d1("select count(*) as n from audit_logs where entity_id = ?", first.id)).toEqual([{ n: 1 }])
  })

  test("of what is weighed goes to the gram, of what is counted by the piece alone", async () => {
    const ledger = await adopted()
    const create = (sku: string, quantityStepMilli: number) =>
      ledger.must(ledger.owner, "createProduct", {
        sku,
        name: sku,
        price: "1",
        unit: "kg",
        quantityStepMilli,
      })
    const [kilos, boxes] = [await create("KILOS", 250), await create("BOXES", 12_000)]
    await record(ledger, kilos.id, { quantityMilli: 1_001 })
    expect(await stockOf(ledger, kilos.id)).toEqual({ MAIN: 1.001 })
    // Sold by the dozen, counted by the piece.
    await record(ledger, boxes.id, { quantityMilli: units(7) })
    expect(await refusalOf(ledger, boxes.id, { quantityMilli: 7_500 })).toBe("OFF_STEP /quantity OFF_STEP")
  })

  test("of an archived product, or from an archived place, takes what is left away and brings nothing", async () => {
    const { ledger, product, north } = await stockroom(10)
    await record(ledger, product.id, {
      type: "TRANSFER",
      quantityMilli: units(4),
      toLocationId: north,
    })
    await inside(ledger, ({ store, now, seq }) => {
      const place = store.locations.find(north)
      if (place !== undefined) store.locations.save({ ...place, archivedAt: now, seq })
    })
    await ledger.must(ledger.owner, "archiveProduct", {
      productId: product.id,
    })
    expect(await refusalOf(ledger, product.id, {})).toBe("VALIDATION_FAILED /product_id UNKNOWN_PRODUCT")
    expect(
      await refusalOf(ledger, product.id, {
        type: "ADJUSTMENT",
        locationId: north,
      }),
    ).toBe("VALIDATION_FAILED /warehouse_id UNKNOWN_WAREHOUSE")
    await record(ledger, product.id, {
      type: "OUT",
      locationId: north,
      quantityMilli: units(4),
      reason: "DESTROYED",
    })
    expect(await stockOf(ledger, product.id)).toEqual({ MAIN: 6 })
  })

  test("INV-STK-5: takes nothing that is reserved, nor a serialized unit", async () => {
    const { ledger, product, main, north } = await stockroom(10)
    await inside(ledger, (work) => {
      receiveUnit(work, cell(product.id, main), "SN-1")
      receiveUnit(work, cell(product.id, main), "SN-2")
      work.stock.reserve(cell(product.id, main), units(7), { orderId: "ord_1" }, work.now + hour)
    })
    // Twelve are there: two are units, and seven are promised.
    const out = (count: number) =>
      refusalOf(ledger, product.id, {
        type: "OUT",
        quantityMilli: units(count),
      })
    expect(await out(6)).toBe("STOCK_INSUFFICIENT")
    expect(await out(5)).toBe("OK")
    await inside(ledger, ({ stock }) => stock.releaseOrder("ord_1"))
    expect(await out(6)).toBe("STOCK_INSUFFICIENT")
    expect(
      await refusalOf(ledger, product.id, {
        type: "TRANSFER",
        quantityMilli: units(6),
        toLocationId: north,
      }),
    ).toBe("STOCK_INSUFFICIENT")
    expect(await out(5)).toBe("OK")
    expect(await stockOf(ledger, product.id)).toEqual({ MAIN: 2 })
    await expect(inside(ledger, ({ stock, now }) => stock.reserve(cell(product.id, main), units(3), {}, now + hour))).rejects.toThrow(
      "INV-STK-5",
    )
    await expectWholeProjection(ledger)
  })
})

describe("INV-STK-9: a batch", () => {
  const batch = (productId: ProductId, north: LocationId) => [
    movement(productId, {
      quantityMilli: units(4),
      lotNumber: "A",
      expiresOn: "2999-01-31",
    }),
    movement(productId, { type: "OUT", quantityMilli: units(9) }),
    movement(productId, {
      quantityMilli: units(1),
      lotNumber: "B",
      unitCost: "-1",
    }),
    movement(productId, {
      type: "TRANSFER",
      quantityMilli: units(3),
      lotNumber: "A",
      toLocationId: north,
    }),
    movement(productId, {
      type: "OUT",
      quantityMilli: units(2),
      lotNumber: "A",
    }),
  ]

  test("rejects all for one bad row, and names each", async () => {
    const { ledger, product, north } = await stockroom()
    const { result } = await ledger.give(ledger.owner, "recordMovements", {
      items: batch(product.id, north),
      onError: "reject_all",
    })
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: "VALIDATION_FAILED",
        errors: [
          { pointer: "/items/1", code: "STOCK_INSUFFICIENT" },
          { pointer: "/items/2/unit_cost", code: "OUT_OF_RANGE" },
          { pointer: "/items/4", code: "STOCK_INSUFFICIENT" },
        ],
      },
    })
    expect(await ledger.count("stock_movements")).toBe(0)
    expect(await ledger.count("lots")).toBe(0)
    expect(await ledger.count("stock_levels")).toBe(0)
  })

  test("or rejects the failed rows alone, of which nothing stays", async () => {
    const { ledger, product, north } = await stockroom()
    const items = batch(product.id, north)
    const { movements, failed } = await ledger.must(ledger.owner, "recordMovements", { items, onError: "reject_failed" })
    expect(movements.map(({ type }) => type)).toEqual(["IN", "TRANSFER"])
    expect(failed.map(({ index, refusal }) => `${index} ${refusal.code}`)).toEqual([
      "1 STOCK_INSUFFICIENT",
      "2 VALIDATION_FAILED",
      "4 STOCK_INSUFFICIENT",
    ])
    expect(await stockOf(ledger, product.id)).toEqual({
      "MAIN A": 1,
      "NORTH A": 3,
    })
    expect(await ledger.rows("SELECT number FROM lots")).toEqual([{ number: "A" }])
    expect(await ledger.count("stock_movements")).toBe(2)
    await expectWholeProjection(ledger)
  })

  test("of which every row failed is refused either way; where all are short of stock, a retry may succeed", async () => {
    const { ledger, product } = await stockroom()
    const items = [movement(product.id, { type: "OUT" }), movement(product.id, { type: "OUT" })]
    const input = { items, onError: "reject_failed" as const }
    expect(
      await ledger.codeOf(ledger.owner, "recordMovements", input, {
        commandId: "same",
      }),
    ).toBe("STOCK_INSUFFICIENT")
    await record(ledger, product.id, { quantityMilli: units(20) })
    expect(
      await ledger.codeOf(ledger.owner, "recordMovements", input, {
        commandId: "same",
      }),
    ).toBe("OK")
  })

  test(`of ${limits.movementsPerBatchMax} rows arrives in D1 whole`, async () => {
    const { ledger, product } = await stockroom()
    const items = Array.from({ length: limits.movementsPerBatchMax }, (_, index) =>
      movement(product.id, {
        quantityMilli: units(1),
        lotNumber: `LOT-${index}`,
        reference: "R".repeat(limits.referenceCharsMax),
      }),
    )
    const { movements } = await ledger.must(ledger.owner, "recordMovements", {
      items,
      onError: "reject_all",
    })
    expect(movements).toHaveLength(limits.movementsPerBatchMax)
    expect(new Set(movements.map(({ id }) => id)).size).toBe(limits.movementsPerBatchMax)
    await expectWholeProjection(ledger)
    expect(await eventsOf(ledger, "stock.moved")).toMatchObject([{ count: limits.movementsPerBatchMax }])
  })
})

describe("INV-STK-10: a correction", () => {
  test("is a row of its own that names what it puts right, once; then its correction is corrected", async () => {
    const { ledger, product, north } = await stockroom()
    const wrong = await record(ledger, product.id, {
      quantityMilli: units(100),
    })
    const right = await record(ledger, product.id, {
      type: "ADJUSTMENT",
      quantityMilli: units(-90),
      reason: "CORRECTION",
      corrects: wrong.id,
    })
    expect(right.corrects).toBe(wrong.id)
    const again = { type: "ADJUSTMENT", quantityMilli: units(-1) } as const
    expect(await refusalOf(ledger, product.id, { ...again, corrects: wrong.id })).toBe("CONFLICT")
    await record(ledger, product.id, { ...again, corrects: right.id })
    expect(await stockOf(ledger, product.id)).toEqual({ MAIN: 9 })
    const moved = await record(ledger, product.id, {
      type: "TRANSFER",
      quantityMilli: units(2),
      toLocationId: north,
    })
    await record(ledger, product.id, {
      ...again,
      locationId: north,
      corrects: moved.id,
    })
    expect(await stockOf(ledger, product.id)).toEqual({ MAIN: 7, NORTH: 1 })
    await expectWholeProjection(ledger)
  })

  test("is of the same goods at the same place, and of nothing that an order or a unit moved", async () => {
    const { ledger, product, main, north } = await stockroom(10)
    const buyer = await linkedBuyer(ledger)
    const other = await stocked(ledger, 10)
    const wrong = await record(ledger, product.id, { lotNumber: "A" })
    const less = {
      type: "ADJUSTMENT",
      quantityMilli: units(-1),
      corrects: wrong.id,
    } as const
    expect(await refusalOf(ledger, other.id, less)).toBe("VALIDATION_FAILED /corrects UNKNOWN_MOVEMENT")
    expect(await refusalOf(ledger, product.id, less)).toBe("VALIDATION_FAILED /corrects ELSEWHERE")
    expect(
      await refusalOf(ledger, product.id, {
        ...less,
        quantityMilli: units(1),
        lotNumber: "A",
        locationId: north,
      }),
    ).toBe("VALIDATION_FAILED /corrects ELSEWHERE")
    const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    await ledger.must(ledger.owner, "setOrderStatus", {
      orderId: id,
      status: "ACCEPTED",
      reason: null,
    })
    await inside(ledger, (work) => receiveUnit(work, cell(product.id, main), "SN-1"))
    const own = await ledger.rows<{ id: MovementId }>("SELECT id FROM stock_movements WHERE order_id IS NOT NULL OR unit_id IS NOT NULL")
    expect(own).toHaveLength(2)
    for (const { id: corrects } of own)
      expect(await refusalOf(ledger, product.id, { ...less, corrects })).toBe("VALIDATION_FAILED /corrects NOT_STATED")
  })
})

describe("goods on their way", () => {
  const sent = async ({ ledger, product, north }: Stockroom) =>
    record(ledger, product.id, {
      type: "TRANSFER",
      quantityMilli: units(6),
      toLocationId: north,
      viaTransit: true,
    })
  const levelsInD1 = async ({ ledger, product }: Stockroom) => {
    await ledger.comeDue("relay")
    return d1(
      `select p.code, l.on_hand_milli / 1000 as on_hand, l.incoming_milli / 1000 as incoming from stock_levels l join locations p on p.org_id = l.org_id and p.id = l.location_id
       where l.org_id = ? and l.product_id = ? order by p.code`,
      ledger.owner.id,
      product.id,
    )
  }

  test("are at neither place, expected at the one, and arrive in parts; what is lost is written off", async () => {
    const room = await stockroom(10)
    const { ledger, product, north } = room
    const { id } = await sent(room)
    const open = () => d1("select open_milli from stock_movements where id = ?", id)
    expect(await levelsInD1(room)).toEqual([
      { code: "IN-TRANSIT", on_hand: 6, incoming: 0 },
      { code: "MAIN", on_hand: 4, incoming: 0 },
      { code: "NORTH", on_hand: 0, incoming: 6 },
    ])
    expect(await open()).toEqual([{ open_milli: 6_000 }])
    // Counted, but not for sale.
    expect(await ledger.rpc.readProduct(ledger.owner.id, product.id)).toMatchObject({ stockMilli: 10_000, availableMilli: 4_000 })
    expect(
      await record(ledger, product.id, {
        type: "TRANSFER",
        receives: id,
        quantityMilli: units(2),
      }),
    ).toMatchObject({ toLocationId: north })
    expect(await open()).toEqual([{ open_milli: 4_000 }])
    await record(ledger, product.id, {
      type: "OUT",
      receives: id,
      quantityMilli: units(1),
      reason: "LOST",
    })
    expect(
      await refusalOf(ledger, product.id, {
        type: "TRANSFER",
        receives: id,
        quantityMilli: units(4),
      }),
    ).toBe("STOCK_INSUFFICIENT")
    await record(ledger, product.id, {
      type: "TRANSFER",
      receives: id,
      quantityMilli: units(3),
    })
    expect(await levelsInD1(room)).toEqual([
      { code: "IN-TRANSIT", on_hand: 0, incoming: 0 },
      { code: "MAIN", on_hand: 4, incoming: 0 },
      { code: "NORTH", on_hand: 5, incoming: 0 },
    ])
    expect(await open()).toEqual([{ open_milli: 0 }])
    expect(
      await refusalOf(ledger, product.id, {
        type: "TRANSFER",
        receives: id,
        quantityMilli: units(1),
      }),
    ).toBe("STOCK_INSUFFICIENT")
    await expectWholeProjection(ledger)
  })

  test("may arrive elsewhere than they were sent to, and are then expected nowhere", async () => {
    const room = await stockroom(10)
    const { ledger, product, main } = room
    const { id } = await sent(room)
    await record(ledger, product.id, {
      type: "TRANSFER",
      receives: id,
      quantityMilli: units(6),
      toLocationId: main,
    })
    expect(await levelsInD1(room)).toEqual([
      { code: "IN-TRANSIT", on_hand: 0, incoming: 0 },
      { code: "MAIN", on_hand: 10, incoming: 0 },
      { code: "NORTH", on_hand: 0, incoming: 0 },
    ])
    await expectWholeProjection(ledger)
  })

  test("keep their lot, and are received as what they are", async () => {
    const { ledger, product, north } = await stockroom()
    const other = await stocked(ledger, 1)
    await record(ledger, product.id, { lotNumber: "A" })
    await record(ledger, product.id, { lotNumber: "B" })
    const { id } = await record(ledger, product.id, {
      type: "TRANSFER",
      lotNumber: "A",
      toLocationId: north,
      viaTransit: true,
    })
    const arrival = {
      type: "TRANSFER",
      receives: id,
      quantityMilli: units(1),
    } as const
    expect(await refusalOf(ledger, other.id, arrival)).toBe("VALIDATION_FAILED /receives UNKNOWN_TRANSFER")
    expect(await refusalOf(ledger, product.id, { ...arrival, type: "IN" })).toBe("VALIDATION_FAILED /type NOT_AN_ARRIVAL")
    expect(await refusalOf(ledger, product.id, { ...arrival, lotNumber: "B" })).toBe("VALIDATION_FAILED /lot_number DIFFERS")
    expect(await refusalOf(ledger, product.id, { ...arrival, viaTransit: true })).toBe("VALIDATION_FAILED /via_transit ON_ITS_WAY")
    await record(ledger, product.id, { ...arrival, lotNumber: "A" })
    await record(ledger, product.id, { ...arrival, quantityMilli: units(9) })
    expect(await stockOf(ledger, product.id)).toEqual({
      "MAIN B": 10,
      "NORTH A": 10,
    })
    await expectWholeProjection(ledger)
  })
})

describe("lots", () => {
  test("begin with what comes in, keep the expiry first stated, and take in no more once recalled", async () => {
    const { ledger, product, north } = await stockroom()
    await record(ledger, product.id, {
      lotNumber: "A",
      expiresOn: "2999-01-31",
    })
    await record(ledger, product.id, { lotNumber: "A", locationId: north })
    expect(
      await refusalOf(ledger, product.id, {
        lotNumber: "A",
        expiresOn: "2999-02-28",
      }),
    ).toBe("VALIDATION_FAILED /expires_on DIFFERS")
    expect(await ledger.count("lots")).toBe(1)
    // Another product's lot of this number is another lot.
    await record(ledger, (await stocked(ledger, 0)).id, { lotNumber: "A" })
    await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "A", productId: product.id, status: "RECALLED", reason: null })
    expect(await refusalOf(ledger, product.id, { lotNumber: "A" })).toBe("CONFLICT")
    // What may not be sold can be moved and destroyed.
    await record(ledger, product.id, {
      type: "TRANSFER",
      lotNumber: "A",
      quantityMilli: units(4),
      toLocationId: north,
    })
    await record(ledger, product.id, {
      type: "OUT",
      lotNumber: "A",
      quantityMilli: units(6),
      reason: "DESTROYED",
    })
    expect(await stockOf(ledger, product.id)).toEqual({ "NORTH A": 14 })
    expect(await ledger.rpc.readProduct(ledger.owner.id, product.id)).toMatchObject({ stockMilli: 14_000, availableMilli: 0 })
    await expectWholeProjection(ledger)
  })

  test("of a product are named where its stock is in them", async () => {
    const { ledger, product } = await stockroom()
    await record(ledger, product.id, { lotNumber: "A" })
    const { result } = await ledger.give(ledger.owner, "recordMovements", {
      items: [movement(product.id, { type: "OUT" })],
      onError: "reject_all",
    })
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: "STOCK_INSUFFICIENT",
        detail: expect.stringContaining("lots: name one"),
      },
    })
  })

  test("INV-LOT-3: are sold first expired first, never out of date, held or from quarantine, and come back to where they were", async () => {
    const { ledger, product, main, north } = await stockroom()
    const buyer = await linkedBuyer(ledger)
    const apart = await placeOf(ledger, "APART", "QUARANTINE")
    for (const [lotNumber, expiresOn, locationId] of [
      ["LATE", "2998-01-31", main],
      ["SOON", "2997-01-31", north],
      ["OVER", "2001-01-31", main],
      ["HELD", "2996-01-31", main],
      ["APART", "2995-01-31", apart],
    ] as const)
      await record(ledger, product.id, {
        lotNumber,
        expiresOn,
        locationId,
        quantityMilli: units(5),
      })
    await record(ledger, product.id, { quantityMilli: units(5) })
    await ledger.must(ledger.owner, "setLotStatus", { lotNumber: "HELD", status: "QUARANTINED", reason: null })
    expect(await ledger.rpc.readProduct(ledger.owner.id, product.id)).toMatchObject({ stockMilli: 30_000, availableMilli: 15_000 })
    const before = await stockOf(ledger, product.id)
    const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 4], [product.id, 7]))
    await ledger.must(ledger.owner, "setOrderStatus", {
      orderId: id,
      status: "ACCEPTED",
      reason: null,
    })
    expect(await stockOf(ledger, product.id)).toEqual({
      "MAIN OVER": 5,
      "MAIN HELD": 5,
      "APART APART": 5,
      MAIN: 4,
    })
    const { id: more } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 5]))
    expect(
      await ledger.codeOf(ledger.owner, "setOrderStatus", {
        orderId: more,
        status: "ACCEPTED",
        reason: null,
      }),
    ).toBe("STOCK_INSUFFICIENT")
    await ledger.must(ledger.owner, "setOrderStatus", {
      orderId: id,
      status: "CANCELLED",
      reason: null,
    })
    expect(await stockOf(ledger, product.id)).toEqual(before)
    await ledger.comeDue("relay")
    await expectProjected(ledger, [buyer])
  })

  test("INV-STK-8: are out of date when their last day is over where the supplier is, by the alarm, and nothing of them stays reserved", async () => {
    const start = Date.parse("2030-05-10T12:00:00Z")
    const clock = vi.spyOn(Date, "now").mockReturnValue(start)
    try {
      const ledger = await adopted("Kiritimati Farms", {
        settings: {
          currency: "USD",
          time_zone: "Pacific/Honolulu",
          share_stock: false,
          require_kyb_for_link_approval: false,
        },
      })
      const product = await stocked(ledger, 0)
      const main = await mainOf(ledger)
      await record(ledger, product.id, {
        lotNumber: "A",
        expiresOn: "2030-05-10",
      })
      const lotId = await lotIdOf(ledger, "A")
      const unit = await inside(
        ledger,
        (work) => {
          const made = receiveUnit(work, cell(product.id, main, lotId), "SN-1")
          work.stock.reserve(cell(product.id, main, lotId), units(3), { orderId: "ord_1" }, start + 100 * day)
          work.stock.reserve(cell(product.id, main, lotId), units(1), { unitId: made.id }, start + 100 * day)
          return work.stock.saveUnit(made, { status: "RESERVED", reservedUntil: start + 100 * day }, null)
        },
        start,
      )
      const isOver = async () => (await ledger.rows("SELECT 1 FROM lots WHERE expired_at IS NOT NULL")).length === 1
      // The day is over in Kiritimati first and ten hours later than in UTC in Honolulu.
      expect(await ledger.rows("SELECT at FROM due WHERE kind = 'stock'")).toEqual([{ at: start }])
      clock.mockReturnValue(Date.parse("2030-05-11T09:59:59Z"))
      await ledger.comeDue("stock")
      expect(await isOver()).toBe(false)
      const [due] = await ledger.rows<{ at: number }>("SELECT at FROM due WHERE kind = 'stock'")
      expect(due?.at).toBe(Date.now() + hour / 2)
      clock.mockReturnValue(Date.parse("2030-05-11T10:00:00Z"))
      await ledger.comeDue("stock")
      expect(await isOver()).toBe(true)
      expect(await ledger.count("reservations")).toBe(0)
      expect(await ledger.rows("SELECT status, reserved_until FROM units")).toEqual([{ status: "AVAILABLE", reserved_until: null }])
      expect(await ledger.rows("SELECT 1 FROM due WHERE kind = 'stock'")).toEqual([])
      expect(await ledger.rpc.readProduct(ledger.owner.id, product.id)).toMatchObject({ stockMilli: 11_000, availableMilli: 0 })
      expect(await eventsOf(ledger, "lot.expired")).toMatchObject([{ lot_number: "A", status: "EXPIRED", on_hand: 11 }])
      expect(unit.id).toMatch(/^unt_/)
      await expectWholeProjection(ledger)
    } finally {
      clock.mockRestore()
    }
  })
})

describe("INV-STK-8: a reservation", () => {
  test("ends when its time does, by the alarm, and with it its unit's", async () => {
    const { ledger, product, main } = await stockroom(5)
    const now = Date.now()
    await inside(ledger, (work) => {
      work.stock.reserve(cell(product.id, main), units(2), { orderId: "ord_1" }, now + 10 * hour)
      work.stock.reserve(cell(product.id, main), units(1), { orderId: "ord_2" }, now + 20 * hour)
      const unit = receiveUnit(work, cell(product.id, main), "SN-1")
      work.stock.reserve(cell(product.id, main), units(1), { unitId: unit.id }, now + 10 * hour)
      work.stock.saveUnit(unit, { status: "RESERVED", reservedUntil: now + 10 * hour }, null)
      expect(work.stock.dueAt).toBe(now + 10 * hour)
    })
    const clock = vi.spyOn(Date, "now").mockReturnValue(now + 10 * hour - 1)
    try {
      await ledger.comeDue("stock")
      expect(await ledger.count("reservations")).toBe(3)
      clock.mockReturnValue(now + 10 * hour)
      await ledger.comeDue("stock")
      expect(await ledger.rows("SELECT order_id FROM reservations")).toEqual([{ order_id: "ord_2" }])
      expect(await ledger.rows("SELECT at FROM due WHERE kind = 'stock'")).toEqual([{ at: now + 20 * hour }])
      expect(await ledger.rows("SELECT status FROM units")).toEqual([{ status: "AVAILABLE" }])
      expect(await d1("select reserved_milli from stock_levels where org_id = ?", ledger.owner.id)).not.toEqual([{ reserved_milli: 0 }])
      await expectWholeProjection(ledger)
    } finally {
      clock.mockRestore()
    }
  })
})

describe("INV-STK-7: a minimum", () => {
  test("is told of once when stock falls under it, and again only after it was above; per place and over all", async () => {
    const { ledger, product, main, north } = await stockroom(10)
    await inside(ledger, ({ stock }) => {
      stock.setMinimum(product.id, "", units(8))
      stock.setMinimum(product.id, north, units(2))
    })
    // Nothing is in the north, so that place is low at once; over all there is enough.
    const low = async () =>
      (await eventsOf(ledger, "stock.low")).map(({ warehouse_name, on_hand }) => `${warehouse_name ?? "all"} ${on_hand}`)
    expect(await low()).toEqual(["Place NORTH 0"])
    const out = (count: number) => record(ledger, product.id, { type: "OUT", quantityMilli: units(count) })
    await out(2)
    expect(await low()).toEqual(["Place NORTH 0"])
    await out(1)
    await out(1)
    expect(await low()).toEqual(["Place NORTH 0", "all 7"])
    // A transfer is the places' affair, not the total's.
    await record(ledger, product.id, {
      type: "TRANSFER",
      quantityMilli: units(2),
      toLocationId: north,
    })
    await record(ledger, product.id, {
      type: "TRANSFER",
      quantityMilli: units(1),
      locationId: north,
      toLocationId: main,
    })
    expect(await low()).toEqual(["Place NORTH 0", "all 7", "Place NORTH 1"])
    // Under it and over it again within one command is no crossing.
    await record(ledger, product.id, { quantityMilli: units(4) })
    await ledger.must(ledger.owner, "recordMovements", {
      items: [movement(product.id, { type: "OUT", quantityMilli: units(5) }), movement(product.id, { quantityMilli: units(5) })],
      onError: "reject_all",
    })
    expect(await low()).toHaveLength(3)
    await out(3)
    expect(await low()).toEqual(["Place NORTH 0", "all 7", "Place NORTH 1", "all 7"])
    await ledger.must(ledger.owner, "archiveProduct", {
      productId: product.id,
    })
    expect(await ledger.rows("SELECT 1 FROM minimums WHERE is_low = 1")).toEqual([])
    await expectWholeProjection(ledger)
  })
})

describe("what stock cost", () => {
  const averageOf = async (ledger: TestLedger) =>
    (await ledger.rows<{ average_milli: number }>("SELECT average_milli FROM costs"))[0]?.average_milli

  test("is the moving average of receipts, to the thousandth of a cent; what leaves does not change it", async () => {
    const { ledger, product, north } = await stockroom()
    await record(ledger, product.id, {
      quantityMilli: units(10),
      unitCost: "2.00",
    })
    await record(ledger, product.id, {
      quantityMilli: units(5),
      unitCost: 3.5,
      locationId: north,
    })
    expect(await averageOf(ledger)).toBe(250_000)
    await record(ledger, product.id, { type: "OUT", quantityMilli: units(8) })
    await record(ledger, product.id, { quantityMilli: units(1) })
    expect(await averageOf(ledger)).toBe(250_000)
    // 8 at 2.50 and 3 at 1.00001: 23.00003 over 11.
    await record(ledger, product.id, {
      quantityMilli: units(3),
      unitCost: "1.00001",
    })
    expect(await averageOf(ledger)).toBe(209_091)
    // A refused row counts for nothing.
    expect(
      await refusalOf(ledger, product.id, {
        unitCost: "9",
        lotNumber: "A",
        expiresOn: "2999-01-01",
        quantityMilli: 1,
      }),
    ).toContain("OFF_STEP")
    expect(await averageOf(ledger)).toBe(209_091)
    await record(ledger, product.id, { type: "OUT", quantityMilli: units(6) })
    await record(ledger, product.id, {
      type: "OUT",
      quantityMilli: units(5),
      locationId: north,
    })
    await record(ledger, product.id, {
      quantityMilli: units(1),
      unitCost: "7",
    })
    expect(await averageOf(ledger)).toBe(700_000)
  })

  test("starts anew when the product is sold in another currency", async () => {
    const { ledger, product } = await stockroom()
    await record(ledger, product.id, { unitCost: "2.00" })
    await ledger.must(ledger.owner, "updateProduct", {
      productId: product.id,
      currency: "JPY",
      price: "500",
    })
    expect(await record(ledger, product.id, { unitCost: "300" })).toMatchObject({ currency: "JPY", unitCostMilli: 300_000 })
    expect(await ledger.rows("SELECT currency, average_milli FROM costs")).toEqual([{ currency: "JPY", average_milli: 300_000 }])
  })
})
