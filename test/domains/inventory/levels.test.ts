import { beforeAll, describe, expect, test } from "vitest"
import type { MovementInput } from "../../../durable-objects/supplier-ledger/commands/movements.ts"
import { encodeCursor } from "../../../src/kernel/cursor.ts"
import type { LocationId, ProductId } from "../../../src/kernel/ids.ts"
import { addDays, dateIn } from "../../../src/kernel/zoned-time.ts"
import { market } from "../../support/market.ts"
import { recordAll } from "../../support/stock.ts"
import { api, signUp } from "../../support/world.ts"

type Market = Awaited<ReturnType<typeof market>>
type Level = {
  product_id: string
  sku: string
  owner_id: string
  warehouse_id: string
  warehouse_code: string
  lot_number: string | null
  on_hand: number
  reserved: number
  available: number
  incoming: number
}

const today = new Date().toISOString().slice(0, 10)
const inDays = (days: number): string => addDays(today, days)

const record = ({ ledger }: Pick<Market, "ledger">, ...items: readonly MovementInput[]) => recordAll(ledger, ...items)

const receipt = (
  productId: string,
  locationId: string,
  units: number,
  lot: { lotNumber?: string; expiresOn?: string } = {},
): MovementInput => ({
  type: "IN",
  productId: productId as ProductId,
  locationId: locationId as LocationId,
  quantityMilli: units * 1_000,
  ...lot,
})

const placeOf = async (token: string, code: string, more: object = {}): Promise<string> =>
  (await api("POST", "/warehouses", { token, body: { code, name: code, ...more } })).body.id
const mainOf = async (token: string): Promise<string> =>
  (await api("GET", "/warehouses", { token })).body.data.find((place: { is_default: boolean }) => place.is_default).id
const productOf = async (token: string, sku: string, more: object = {}): Promise<string> =>
  (await api("POST", "/products", { token, body: { sku, name: sku, price: "1.00", ...more } })).body.id
const levelsOf = async (token: string, query = ""): Promise<Level[]> => (await api("GET", `/inventory${query}`, { token })).body.data
const brief = (levels: readonly Level[]) =>
  levels.map(({ sku, warehouse_code, lot_number, on_hand, available }) => [sku, warehouse_code, lot_number, on_hand, available])

/** Every page of a list, with as many rows a page. */
async function walk(token: string, path: string, limit: number): Promise<Level[]> {
  const all: Level[] = []
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { status, body } = await api(
      "GET",
      `${path}${path.includes("?") ? "&" : "?"}limit=${limit}${cursor === "" ? "" : `&cursor=${cursor}`}`,
      { token },
    )
    expect(status).toBe(200)
    expect(body.data.length).toBeLessThanOrEqual(limit)
    all.push(...body.data)
    cursor = body.next_cursor
  }
  return all
}

describe("levels", () => {
  let shop: Market
  let token: string
  let main: string
  let depot: string
  let cellar: string
  let milk: string
  let salt: string

  beforeAll(async () => {
    shop = await market(10)
    token = shop.supplier.token
    main = await mainOf(token)
    depot = await placeOf(token, "DEPOT")
    cellar = await placeOf(token, "CELLAR", { kind: "QUARANTINE" })
    milk = await productOf(token, "MILK")
    salt = await productOf(token, "SALT")
    await record(
      shop,
      receipt(milk, depot, 5, { lotNumber: "L1", expiresOn: inDays(3) }),
      receipt(milk, depot, 7, { lotNumber: "L2", expiresOn: inDays(400) }),
      receipt(milk, main, 2, { lotNumber: "L2", expiresOn: inDays(400) }),
      receipt(salt, cellar, 9),
      receipt(salt, depot, 4),
    )
    await record(shop, {
      type: "TRANSFER",
      productId: salt as ProductId,
      locationId: depot as LocationId,
      toLocationId: main as LocationId,
      quantityMilli: 1_000,
      viaTransit: true,
    })
  }, 60_000)

  test("come by product and place, lots summed up, what is not for sale apart", async () => {
    const all = await levelsOf(token)
    expect(new Set(brief(all))).toEqual(
      new Set([
        ["TOM-001", "MAIN", null, 10, 10],
        ["MILK", "MAIN", null, 2, 2],
        ["MILK", "DEPOT", null, 12, 12],
        ["SALT", "MAIN", null, 0, 0],
        ["SALT", "DEPOT", null, 3, 3],
        ["SALT", "CELLAR", null, 9, 0],
        ["SALT", "IN-TRANSIT", null, 1, 0],
      ]),
    )
    expect(all.find((level) => level.product_id === salt && level.warehouse_id === main)?.incoming).toBe(1)
    expect(await walk(token, "/inventory", 2)).toEqual(all)
    expect(await walk(token, "/inventory", 1)).toEqual(all)
  })

  test("INV-BDL-8: show nothing as available of what became a bundle, to whoever reads them, until it is taken apart", async () => {
    const partner = shop.buyer.token
    const shed = await placeOf(token, "SHED", { operator_id: shop.buyer.org.id })
    const [hamper, pear] = [await productOf(token, "HAMPER"), await productOf(token, "PEAR")]
    await record(
      shop,
      receipt(hamper, shed, 4),
      receipt(hamper, shed, 3, { lotNumber: "H1", expiresOn: inDays(5) }),
      receipt(hamper, shed, 2, { lotNumber: "H2", expiresOn: inDays(5) }),
      receipt(pear, shed, 6),
    )
    const shown = async () => ({
      own: brief(await levelsOf(token, `?warehouse_id=${shed}`)).sort(),
      partners: brief(await levelsOf(partner, `?warehouse_id=${shed}`)).sort(),
      lot: brief(await levelsOf(token, "?lot_number=H1")),
      partnersLot: brief(await levelsOf(partner, "?lot_number=H1")),
      cells: brief(await levelsOf(token, `/${hamper}`)).map((cell) => cell.slice(2)),
      partnersCells: brief(await levelsOf(partner, `/${hamper}`)).map((cell) => cell.slice(2)),
      expiring: brief(await levelsOf(token, "/expiring?days=30")).filter(([sku]) => sku === "HAMPER"),
    })
    const levels = (available: (milli: number) => number) => {
      const all = [
        ["HAMPER", "SHED", null, 9, available(9)],
        ["PEAR", "SHED", null, 6, 6],
      ]
      const lot = [["HAMPER", "SHED", "H1", 3, available(3)]]
      const cells = [
        [null, 4, available(4)],
        ["H1", 3, available(3)],
        ["H2", 2, available(2)],
      ]
      const expiring = [...lot, ["HAMPER", "SHED", "H2", 2, available(2)]]
      return { own: all, partners: all, lot, partnersLot: lot, cells, partnersCells: cells, expiring }
    }
    expect(await shown()).toEqual(levels((milli) => milli))
    const { body: part } = await api("POST", "/bundles", { token, body: { parent_id: hamper, child_id: pear, quantity: 2 } })
    expect(await shown()).toEqual(levels(() => 0))
    // What can be sold is what the pears are enough for.
    expect((await api("GET", `/products/${hamper}`, { token })).body).toMatchObject({ stock_quantity: 3 })
    expect((await api("DELETE", `/bundles/${part.id}`, { token })).status).toBe(204)
    expect(await shown()).toEqual(levels((milli) => milli))
    await record(
      shop,
      ...[undefined, "H1", "H2"].map(
        (lotNumber, index): MovementInput => ({
          ...receipt(hamper, shed, 4 - index),
          ...(lotNumber === undefined ? {} : { lotNumber }),
          type: "OUT",
        }),
      ),
      { ...receipt(pear, shed, 6), type: "OUT" },
    )
    await api("DELETE", `/products/${hamper}`, { token })
    await api("DELETE", `/products/${pear}`, { token })
  })

  test("are found by product, place and lot, together too", async () => {
    expect(
      brief(await levelsOf(token, `?product_id=${milk}`))
        .map(([, code]) => code)
        .sort(),
    ).toEqual(["DEPOT", "MAIN"])
    expect(brief(await levelsOf(token, `?warehouse_id=${depot}`)).sort()).toEqual([
      ["MILK", "DEPOT", null, 12, 12],
      ["SALT", "DEPOT", null, 3, 3],
    ])
    expect(brief(await levelsOf(token, "?lot_number=L2")).sort()).toEqual([
      ["MILK", "DEPOT", "L2", 7, 7],
      ["MILK", "MAIN", "L2", 2, 2],
    ])
    expect(brief(await levelsOf(token, `?lot_number=L2&warehouse_id=${main}&product_id=${milk}`))).toEqual([["MILK", "MAIN", "L2", 2, 2]])
    expect(await levelsOf(token, `?lot_number=L2&product_id=${salt}`)).toEqual([])
    for (const query of [`?product_id=${milk}`, `?warehouse_id=${depot}`, "?lot_number=L2"])
      expect(await walk(token, `/inventory${query}`, 1)).toEqual(await levelsOf(token, query))
  })

  test("of one product come by place and lot, with what is on its way", async () => {
    const { body } = await api("GET", `/inventory/${milk}`, { token })
    expect(brief(body.data).sort()).toEqual([
      ["MILK", "DEPOT", "L1", 5, 5],
      ["MILK", "DEPOT", "L2", 7, 7],
      ["MILK", "MAIN", "L2", 2, 2],
    ])
    expect(await walk(token, `/inventory/${milk}`, 1)).toEqual(body.data)
    const empty = await productOf(token, "NOTHING")
    expect((await api("GET", `/inventory/${empty}`, { token })).body).toEqual({ data: [], next_cursor: null })
    await record(shop, { ...receipt(milk, depot, 5), type: "OUT", lotNumber: "L1" })
    expect(
      brief((await api("GET", `/inventory/${milk}`, { token })).body.data)
        .map(([, , lot]) => lot)
        .sort(),
    ).toEqual(["L2", "L2"])
    expect(brief(await levelsOf(token, `?product_id=${milk}&warehouse_id=${depot}`))).toEqual([["MILK", "DEPOT", null, 7, 7]])
    await record(shop, { ...receipt(milk, depot, 7), type: "OUT", lotNumber: "L2" })
    // INV-INV-2: of a product that is all in lots nothing is told where there is none.
    expect(await levelsOf(token, `?product_id=${milk}&warehouse_id=${depot}`)).toEqual([])
    expect(brief((await api("GET", `/inventory/${milk}`, { token })).body.data)).toEqual([["MILK", "MAIN", "L2", 2, 2]])
    await record(shop, receipt(milk, depot, 5, { lotNumber: "L1", expiresOn: inDays(3) }), receipt(milk, depot, 7, { lotNumber: "L2" }))
  })

  test("of a place that ceases to sell are for sale no more, in the catalog either, until it sells again", async () => {
    const { supplier, buyer, ledger, body } = await market(4)
    const store = await placeOf(supplier.token, "STORE")
    const id = body.items[0]?.product_id ?? ""
    await record({ ledger }, receipt(id, store, 6))
    const forSale = async () => {
      const [inStore] = await levelsOf(supplier.token, `?warehouse_id=${store}`)
      const [shown] = (await api("GET", "/products/catalog", { token: buyer.token })).body.data
      return [inStore?.available, shown.availability, (await ledger.rows("SELECT 1 FROM reservations")).length]
    }
    expect(await forSale()).toEqual([6, "IN_STOCK", 0])
    await ledger.must(ledger.owner, "recordMovements", {
      items: [{ ...receipt(id, await mainOf(supplier.token), 4), type: "OUT" }],
      onError: "reject_all",
    })
    expect((await api("PATCH", `/warehouses/${store}`, { token: supplier.token, body: { kind: "QUARANTINE" } })).status).toBe(200)
    expect(await forSale()).toEqual([0, "OUT_OF_STOCK", 0])
    expect((await api("PATCH", `/warehouses/${store}`, { token: supplier.token, body: { kind: "IN_TRANSIT" } })).status).toBe(200)
    expect(await forSale()).toEqual([0, "OUT_OF_STOCK", 0])
    // Goods can always leave a place, whatever its kind.
    await record({ ledger }, { ...receipt(id, store, 1), type: "OUT" })
    expect((await api("PATCH", `/warehouses/${store}`, { token: supplier.token, body: { kind: "STORE" } })).status).toBe(200)
    expect(await forSale()).toEqual([5, "IN_STOCK", 0])
  })

  test("that expire soon come soonest first, with what is out of date already", async () => {
    const { supplier, ledger } = await market(0)
    const here = await mainOf(supplier.token)
    const cheese = await productOf(supplier.token, "CHEESE")
    await record(
      { ledger },
      receipt(cheese, here, 1, { lotNumber: "LATER", expiresOn: inDays(29) }),
      receipt(cheese, here, 2, { lotNumber: "SOON", expiresOn: inDays(2) }),
      receipt(cheese, here, 3, { lotNumber: "OLD", expiresOn: inDays(-5) }),
      receipt(cheese, here, 4, { lotNumber: "FAR", expiresOn: inDays(90) }),
      receipt(cheese, here, 5, { lotNumber: "KEEPS" }),
      receipt(cheese, here, 6, { lotNumber: "GONE", expiresOn: inDays(1) }),
    )
    await record({ ledger }, { ...receipt(cheese, here, 6), type: "OUT", lotNumber: "GONE" })
    const lots = async (query: string) =>
      (await api("GET", `/inventory/expiring${query}`, { token: supplier.token })).body.data.map(
        ({ lot_number, is_expired, on_hand }: Record<string, unknown>) => [lot_number, is_expired, on_hand],
      )
    expect(await lots("")).toEqual([
      ["OLD", true, 3],
      ["SOON", false, 2],
      ["LATER", false, 1],
    ])
    expect(await lots("?days=5")).toEqual([
      ["OLD", true, 3],
      ["SOON", false, 2],
    ])
    expect((await walk(supplier.token, "/inventory/expiring?days=365", 1)).map(({ lot_number }) => lot_number)).toEqual([
      "OLD",
      "SOON",
      "LATER",
      "FAR",
    ])
    for (const days of ["-1", "1.5", "3651", "soon"])
      expect((await api("GET", `/inventory/expiring?days=${days}`, { token: supplier.token })).status).toBe(422)
    expect(
      (await api("GET", "/inventory/expiring", { token })).body.data.every((level: Level) => level.owner_id === shop.supplier.org.id),
    ).toBe(true)
  })
})

describe("what expires within some days", () => {
  // Twenty-six hours apart: it is never the same day in both.
  test.each(["Pacific/Kiritimati", "Etc/GMT+12"])("counts them in its owner's time zone (%s)", async (zone) => {
    const { supplier, ledger } = await market(0)
    const { token } = supplier
    const moved = await api("PATCH", `/organizations/${supplier.org.id}`, { token, body: { settings: { time_zone: zone } } })
    expect(moved.status).toBe(200)
    const here = await mainOf(token)
    const cheese = await productOf(token, "CHEESE")
    const days = [-2, -1, 0, 1, 2, 3].map(inDays)
    await record({ ledger }, ...days.map((expiresOn) => receipt(cheese, here, 1, { lotNumber: `L-${expiresOn}`, expiresOn })))
    const asked = async (): Promise<{ readonly there: string; readonly shown: unknown[] }> => {
      const there = dateIn(Date.now(), zone)
      const { body } = await api("GET", "/inventory/expiring?days=1", { token })
      // Where a day ends while it is asked, it is asked again.
      if (dateIn(Date.now(), zone) !== there) return asked()
      return { there, shown: body.data.map(({ expires_on, is_expired }: Record<string, unknown>) => [expires_on, is_expired]) }
    }
    const { there, shown } = await asked()
    expect(shown).toEqual(days.filter((on) => on <= addDays(there, 1)).map((on) => [on, on < there]))
  })
})

describe("INV-INV-1: a partner", () => {
  let shop: Market
  let main: string
  let theirs: string
  let ours: string
  let milk: string
  let product: string

  beforeAll(async () => {
    shop = await market(10)
    const { token } = shop.supplier
    main = await mainOf(token)
    milk = await productOf(token, "MILK")
    product = shop.body.items[0]?.product_id ?? ""
    ours = await placeOf(token, "OURS")
    theirs = await placeOf(token, "THEIRS", { operator_id: shop.buyer.org.id })
    await record(
      shop,
      receipt(milk, theirs, 5, { lotNumber: "L1", expiresOn: inDays(3) }),
      receipt(milk, ours, 7, { lotNumber: "L1", expiresOn: inDays(3) }),
      receipt(milk, main, 7, { lotNumber: "L2", expiresOn: inDays(3) }),
    )
  }, 60_000)

  const queries = () => [
    "",
    `?product_id=${milk}`,
    `?warehouse_id=${theirs}`,
    `?warehouse_id=${ours}`,
    `?warehouse_id=${main}`,
    "?lot_number=L1",
    "?lot_number=L2",
    `?lot_number=L1&warehouse_id=${ours}`,
    `?product_id=${product}`,
    `?cursor=${encodeCursor("levels", ["operated", "", ""])}`,
    `?cursor=${encodeCursor("levels", ["own", "", ""])}`,
    `?cursor=${encodeCursor("levels", ["anything", "prd_0", "whs_0"])}`,
  ]

  /** Whatever somebody asks, what they see of the supplier's stock. */
  async function seenBy(token: string): Promise<Set<unknown>> {
    const seen = new Set<unknown>()
    for (const query of queries())
      for (const level of await levelsOf(token, query))
        if (level.owner_id === shop.supplier.org.id) seen.add(JSON.stringify(brief([level])[0]))
    for (const id of [milk, product]) {
      for (const query of ["", `?cursor=${encodeCursor("levels-of-product", ["", ""])}`]) {
        const { status, body } = await api("GET", `/inventory/${id}${query}`, { token })
        expect([200, 404]).toContain(status)
        for (const level of body.data ?? []) seen.add(JSON.stringify(brief([level])[0]))
      }
    }
    for (const path of ["/inventory/expiring", "/stock-movements/low-stock"])
      for (const level of (await api("GET", path, { token })).body.data) seen.add(JSON.stringify(brief([level])[0]))
    return seen
  }

  test("sees what lies at the place that it runs, beside its own stock, and nowhere else", async () => {
    const { token } = shop.buyer
    expect(await seenBy(token)).toEqual(new Set(['["MILK","THEIRS",null,5,5]', '["MILK","THEIRS","L1",5,5]']))
    expect((await api("GET", `/inventory/${product}`, { token })).status).toBe(404)
    expect(brief((await api("GET", `/inventory/${milk}`, { token })).body.data)).toEqual([["MILK", "THEIRS", "L1", 5, 5]])
    const own = await productOf(token, "OWN", { stock_quantity: 3 })
    const all = await levelsOf(token)
    expect(all.map(({ sku, owner_id }) => [sku, owner_id])).toEqual([
      ["OWN", shop.buyer.org.id],
      ["MILK", shop.supplier.org.id],
    ])
    expect(await walk(token, "/inventory", 1)).toEqual(all)
    expect((await api("GET", `/inventory/${own}`, { token })).body.data).toHaveLength(1)
    expect((await api("GET", "/inventory/value/total", { token })).body).toEqual({ totals: [], warehouses: [], products_without_cost: 1 })
  })

  test("that is linked and runs nothing, and a stranger, see nothing", async () => {
    const [linked, stranger] = [await signUp(["buyer"]), await signUp(["supplier"])]
    const link = await api("POST", "/links/request", { token: linked.token, body: { supplier_id: shop.supplier.org.id } })
    await api("PUT", `/links/${link.body.id}/status`, { token: shop.supplier.token, body: { status: "APPROVED" } })
    expect(await seenBy(linked.token)).toEqual(new Set())
    expect(await seenBy(stranger.token)).toEqual(new Set())
    for (const token of [linked.token, stranger.token]) expect((await api("GET", `/inventory/${milk}`, { token })).status).toBe(404)
  })

  test("that ran a place sees nothing there from the moment it ceased to, and whoever runs it now does", async () => {
    const next = await signUp(["cfa"])
    const link = await api("POST", "/links/request", { token: next.token, body: { supplier_id: shop.supplier.org.id } })
    await api("PUT", `/links/${link.body.id}/status`, { token: shop.supplier.token, body: { status: "APPROVED" } })
    const give = (operator: string | null) =>
      api("PATCH", `/warehouses/${theirs}`, { token: shop.supplier.token, body: { operator_id: operator } })
    expect((await give(next.org.id)).status).toBe(200)
    expect(await seenBy(shop.buyer.token)).toEqual(new Set())
    expect((await api("GET", `/inventory/${milk}`, { token: shop.buyer.token })).status).toBe(404)
    expect((await seenBy(next.token)).size).toBe(2)
    // What happens there later reaches nobody who left.
    await record(shop, receipt(milk, theirs, 1, { lotNumber: "L1", expiresOn: inDays(3) }))
    await api("PATCH", `/warehouses/${theirs}`, { token: shop.supplier.token, body: { name: "Secret" } })
    expect(await seenBy(shop.buyer.token)).toEqual(new Set())
    expect((await give(shop.buyer.org.id)).status).toBe(200)
    expect(await seenBy(next.token)).toEqual(new Set())
    expect((await seenBy(shop.buyer.token)).size).toBe(2)
    const own = (await api("GET", "/links/my-links", { token: shop.buyer.token })).body.data[0].id
    expect((await api("PUT", `/links/${own}/status`, { token: shop.supplier.token, body: { status: "BLOCKED" } })).status).toBe(200)
    expect(await seenBy(shop.buyer.token)).toEqual(new Set())
  })
})
