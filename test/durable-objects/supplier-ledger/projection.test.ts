import { beforeAll, describe, expect, test } from "vitest"
import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import type { LinkId } from "../../../src/kernel/ids.ts"
import { day } from "../../../src/kernel/time.ts"
import { D1Faults } from "../../support/d1-faults.ts"
import {
  adopted,
  d1,
  eventually,
  linkedBuyer,
  noTerms,
  order,
  organization,
  quiet,
  stocked,
  type TestLedger,
} from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"
import { inside, mainOf, openPlace, receiveUnit, record, units } from "../../support/stock.ts"

beforeAll(quiet)

/** Where the ledger's own tables stand in D1. */
const tables = [
  "locations",
  "products",
  "stock_levels",
  "stock_movements",
  "lots",
  "stock_units",
  "stock_minimums",
  "bundle_components",
  "links",
  "link_terms",
  "orders",
] as const
const ownNames: Readonly<Record<string, string>> = { stock_units: "units", stock_minimums: "minimums" }

/**
 * A ledger with some of everything: two products, terms of the link, an accepted order, a cancelled one and a pending one;
 * another place that the buyer runs and once did not, a lot, of which some is on its way and some promised, a unit, a
 * minimum, and a kit.
 */
async function busy(): Promise<{ ledger: TestLedger; buyer: OrganizationFacts; orderIds: string[] }> {
  const ledger = await adopted()
  const buyer = await linkedBuyer(ledger)
  const [first, second] = [await stocked(ledger, 10), await stocked(ledger, 20)]
  const [link] = await ledger.rows<{ id: LinkId }>("SELECT id FROM links")
  const terms = { ...noTerms, discountBasisPoints: 500, priceList: [{ productId: first.id, price: "5.80", tiers: [] }], leadTimeDays: 1 }
  if (link !== undefined) await ledger.must(ledger.owner, "setLinkTerms", { linkId: link.id, terms })
  const orderIds: string[] = []
  for (const moves of [["ACCEPTED"], ["ACCEPTED", "CANCELLED"], []] as const) {
    const { id } = await ledger.must(buyer, "placeOrder", order(buyer, [first.id, 1], [second.id, 2]))
    orderIds.push(id)
    for (const status of moves) await ledger.must(ledger.owner, "setOrderStatus", { orderId: id, status, reason: null })
  }
  const kit = await stocked(ledger, 0)
  await ledger.must(ledger.owner, "addComponent", { parentId: kit.id, childId: first.id, quantityMilli: units(2), role: "PRIMARY" })
  const main = await mainOf(ledger)
  const north = await inside(ledger, (work) => {
    const former = organization("Former")
    const operators = [
      { id: former.id, name: former.name, isCurrent: false },
      { id: buyer.id, name: buyer.name, isCurrent: true },
    ]
    receiveUnit(work, { productId: second.id, locationId: main, lotId: "" }, "SN-1")
    work.stock.setMinimum(first.id, "", units(50))
    work.stock.reserve({ productId: second.id, locationId: main, lotId: "" }, units(3), { orderId: "ord_promised" }, work.now + day)
    return openPlace(work, "NORTH", "STOCKIST", { operators }).id
  })
  const lot = { lotNumber: "A", expiresOn: "2999-01-31" }
  await record(ledger, first.id, { ...lot, unitCost: "1.5", reference: "DN-1" })
  await record(ledger, first.id, { ...lot, type: "TRANSFER", quantityMilli: units(4), toLocationId: north, viaTransit: true })
  await ledger.comeDue("relay")
  return { ledger, buyer, orderIds }
}

/** Writes to D1 behind the ledger's back. */
const tamper = (query: string, ...params: unknown[]) => d1(query, ...params)

/** A row of `table` copied under another key, as something long gone might have left it. */
async function leaveBehind(table: string, where: string, changes: Readonly<Record<string, string | number>>): Promise<void> {
  const [row] = await d1(`select * from ${table} where ${where} limit 1`)
  if (row === undefined) throw new Error(`no row to copy in ${table}`)
  const { row: _rowid, ...copy } = { ...row, ...changes } as Record<string, unknown>
  const names = Object.keys(copy)
  await d1(`insert into ${table} (${names.join(", ")}) values (${names.map(() => "?").join(", ")})`, ...Object.values(copy))
}

const rowsOf = async (table: string, orgId: string) => d1(`select * from ${table} where org_id = ?`, orgId)

describe("rebuild", () => {
  const isDone = async (ledger: TestLedger) => {
    const [row] = await ledger.rows<{ value: number }>("SELECT value FROM meta WHERE key = 'rebuilding'")
    return row?.value === 0 && (await ledger.count("outbox_dirty")) === 0
  }

  test("replaces every row by the ledger's own and removes what it does not know, on both sides", async () => {
    const { ledger, buyer, orderIds } = await busy()
    const { owner } = ledger
    // Junk that looks newer than the truth, junk that is nothing's, and holes.
    await tamper("update orders set status = 'COMPLETED', seq = 999999 where org_id = ?", owner.id)
    await tamper("update products set name = 'Wrong', stock_milli = 1, stock_seq = 999999, seq = 999999 where org_id = ?", owner.id)
    await tamper("delete from stock_movements where org_id = ?", owner.id)
    await leaveBehind("products", `org_id = '${owner.id}'`, { id: "prd_junk" })
    await leaveBehind("stock_levels", `org_id = '${owner.id}'`, { product_id: "prd_junk" })
    await leaveBehind("locations", `org_id = '${owner.id}'`, { id: "whs_junk" })
    for (const [org, side] of [
      [owner.id, "supplier"],
      [buyer.id, "buyer"],
    ]) {
      await leaveBehind("orders", `org_id = '${org}' and side = '${side}'`, { id: "ord_junk" })
      await leaveBehind("link_terms", `org_id = '${org}' and side = '${side}'`, { id: "lnk_junk" })
      await leaveBehind("links", `org_id = '${org}' and side = '${side}'`, { id: "lnk_junk", status: "REMOVED" })
    }
    const { generation, rows } = await ledger.rpc.rebuild()
    expect(generation).toBeGreaterThan(0)
    expect(rows).toBeGreaterThan(10)
    await eventually("the rebuild finished", 25_000, () => isDone(ledger))
    await expectProjected(ledger, [buyer])
    for (const table of tables) for (const row of await rowsOf(table, owner.id)) expect(row["generation"]).toBe(generation)
    expect(await d1("select id from orders where org_id = ? order by id", buyer.id)).toEqual([...orderIds].sort().map((id) => ({ id })))
    expect(await d1("select 1 from products_fts where rowid not in (select row from products)")).toEqual([])
  })

  test("INV-PRJ-4: leaves readers no gap: every row can be read all the while", async () => {
    const { ledger } = await busy()
    using faults = new D1Faults()
    faults.delay(80)
    const counts = async () => Promise.all(tables.map(async (table) => (await rowsOf(table, ledger.owner.id)).length))
    const before = await counts()
    await ledger.rpc.rebuild()
    let seen = 0
    while (!(await isDone(ledger))) {
      expect(await counts()).toEqual(before)
      seen += 1
    }
    expect(seen).toBeGreaterThan(0)
    expect(await counts()).toEqual(before)
  })

  test("INV-PRJ-4: with a comparison in its midst, which opens a generation of its own, deletes nothing of its own work", async () => {
    const { ledger, buyer } = await busy()
    using faults = new D1Faults()
    faults.fail()
    await ledger.rpc.rebuild()
    faults.heal()
    await tamper("delete from orders where org_id = ?", ledger.owner.id)
    expect((await ledger.rpc.reconcile()).differences).toEqual([])
    await tamper("update products set name = 'Wrong' where org_id = ?", ledger.owner.id)
    expect((await ledger.rpc.reconcile()).differences.map(({ problem }) => problem)).toEqual(["DIFFERENT", "DIFFERENT", "DIFFERENT"])
    await ledger.comeDue("rebuild")
    expect(await isDone(ledger)).toBe(true)
    await expectProjected(ledger, [buyer])
  })

  test("INV-PRJ-4: leaves the older row of a thing that D1 refuses by now, until it is mended", async () => {
    const { ledger, buyer, orderIds } = await busy()
    const [refused = ""] = orderIds
    await d1(
      `create trigger refuse_rebuilt before insert on orders when new.id = '${refused}' begin select raise(abort, 'refused by the test'); end`,
    )
    await ledger.rpc.rebuild()
    await eventually(
      "all else was rebuilt",
      10_000,
      async () => (await ledger.rows("SELECT 1 FROM outbox_dirty WHERE stuck IS NULL")).length === 0,
    )
    await ledger.comeDue("rebuild")
    expect(await d1("select side from orders where id = ? order by side", refused)).toEqual([{ side: "buyer" }, { side: "supplier" }])
    await d1("drop trigger refuse_rebuilt")
    await ledger.comeDue("reconcile")
    await ledger.comeDue("rebuild")
    expect(await isDone(ledger)).toBe(true)
    await expectProjected(ledger, [buyer])
  })

  test("survives the death of the object half-way", async () => {
    const { ledger, buyer } = await busy()
    await leaveBehind("products", `org_id = '${ledger.owner.id}'`, { id: "prd_junk_2" })
    using faults = new D1Faults()
    faults.fail()
    await ledger.rpc.rebuild()
    await ledger.evict()
    faults.heal()
    await ledger.comeDue("rebuild")
    expect(await isDone(ledger)).toBe(true)
    await expectProjected(ledger, [buyer])
  })
})

describe("reconcile", () => {
  test("finds nothing where nothing differs, and costs no generation", async () => {
    const { ledger } = await busy()
    expect(await ledger.rpc.reconcile()).toEqual({ checked: 38, differences: [], truncated: false, stuck: [] })
    expect(await ledger.rows("SELECT value FROM meta WHERE key = 'generation'")).toEqual([])
  })

  test.each([
    ["a missing row", "MISSING", "order", "delete from orders where id = ?2 and org_id = ?1"],
    ["a buyer's missing row", "MISSING", "order", "delete from orders where id = ?2 and org_id <> ?1"],
    ["a stale row", "STALE", "order", "update orders set status = 'PENDING', seq = 1 where id = ?2 and org_id = ?1"],
    ["a different row", "DIFFERENT", "order", "update orders set total_minor = total_minor + 1 where id = ?2 and org_id = ?1"],
    [
      "a row that looks newer",
      "DIFFERENT",
      "order",
      "update orders set status = 'COMPLETED', seq = seq + 1000 where id = ?2 and org_id = ?1",
    ],
  ])("finds %s and mends it", async (_, problem, kind, query) => {
    const { ledger, buyer, orderIds } = await busy()
    const [id = ""] = orderIds
    await tamper(query, ledger.owner.id, id)
    expect((await ledger.rpc.reconcile()).differences).toEqual([{ kind, id, problem }])
    await expectProjected(ledger, [buyer])
    expect((await ledger.rpc.reconcile()).differences).toEqual([])
    // Once mended, later changes still come through.
    await ledger.must(ledger.owner, "setOrderStatus", { orderId: id as never, status: "IN_DELIVERY", reason: null })
    await expectProjected(ledger, [buyer])
  })

  test.each(tables.filter((table) => table !== "orders"))("finds what is gone from %s and mends it", async (table) => {
    const { ledger, buyer } = await busy()
    await tamper(`delete from ${table} where org_id = ?`, ledger.owner.id)
    const { differences } = await ledger.rpc.reconcile()
    expect(differences.length).toBe(await ledger.count(ownNames[table] ?? table))
    expect(new Set(differences.map(({ problem }) => problem))).toEqual(new Set(["MISSING"]))
    await expectProjected(ledger, [buyer])
  })

  test("finds a wrong quantity of a product, though its own row be as old as ever", async () => {
    const { ledger, buyer } = await busy()
    await tamper("update products set stock_milli = 5, stock_seq = stock_seq + 1000 where org_id = ?", ledger.owner.id)
    expect((await ledger.rpc.reconcile()).differences.map(({ kind, problem }) => `${kind} ${problem}`)).toEqual([
      "product DIFFERENT",
      "product DIFFERENT",
      "product DIFFERENT",
    ])
    await expectProjected(ledger, [buyer])
    await stocked(ledger, 1)
    await expectProjected(ledger, [buyer])
  })

  test.each(["reconcile", "rebuild"] as const)(
    "INV-WHS-8: what a place is kept to hold is put right by a %s where a ledger lost count of it, and D1 hears of it",
    async (verb) => {
      const { ledger, buyer } = await busy()
      const held = () => ledger.rows("SELECT location_id, on_hand_milli, incoming_milli FROM place_holdings ORDER BY location_id")
      const right = await held()
      await ledger.rows("UPDATE place_holdings SET on_hand_milli = on_hand_milli + 7, incoming_milli = incoming_milli + 3")
      await ledger.rows("DELETE FROM place_holdings WHERE location_id = (SELECT max(location_id) FROM place_holdings)")
      await ledger.evict()
      await ledger.rpc[verb]()
      expect(await held()).toEqual(right)
      await ledger.rpc.reconcile()
      await expectProjected(ledger, [buyer])
    },
  )

  test.each([
    ["locations", "location", "whs_extra"],
    ["products", "product", "prd_extra"],
    ["stock_movements", "movement", "mov_extra"],
    ["orders", "order", "ord_extra"],
    ["links", "link", "lnk_extra"],
    ["lots", "lot", "lot_extra"],
    ["stock_units", "unit", "unt_extra"],
    ["bundle_components", "component", "bcp_extra"],
  ])("finds a row of %s that the ledger does not know, and deletes it", async (table, kind, id) => {
    const { ledger, buyer } = await busy()
    await leaveBehind(table, `org_id = '${ledger.owner.id}'`, {
      id: `${id}_${ledger.owner.id}`,
      ...(table === "links" ? { status: "REMOVED" } : {}),
    })
    expect((await ledger.rpc.reconcile()).differences).toEqual([{ kind, id: `${id}_${ledger.owner.id}`, problem: "EXTRA" }])
    await expectProjected(ledger, [buyer])
    expect(await d1(`select id from ${table} where id = ?`, `${id}_${ledger.owner.id}`)).toEqual([])
  })

  test("finds a level that the ledger does not know, and deletes it alone", async () => {
    const { ledger, buyer } = await busy()
    const orgId = ledger.owner.id
    const [real] = await d1<{ location_id: string }>("select location_id from stock_levels where org_id = ? limit 1", orgId)
    await leaveBehind("stock_levels", `org_id = '${orgId}'`, { product_id: "prd_extra" })
    expect((await ledger.rpc.reconcile()).differences).toEqual([{ kind: "level", id: `prd_extra ${real?.location_id} `, problem: "EXTRA" }])
    await expectProjected(ledger, [buyer])
    expect((await ledger.rpc.reconcile()).differences).toEqual([])
  })

  test.each([
    ["what is reserved", "stock_levels", "reserved_milli = reserved_milli + 1"],
    ["what is on its way", "stock_levels", "incoming_milli = incoming_milli + 1"],
    ["a level's lot", "stock_levels", "lot_status = 'RECALLED'"],
    ["what of a transfer is open", "stock_movements", "open_milli = 1"],
    ["a lot's state", "lots", "status = 'RECALLED'"],
    ["a unit's state", "stock_units", "status = 'SOLD'"],
    ["a minimum's state", "stock_minimums", "is_low = 1 - is_low"],
    ["what a place holds", "locations", "on_hand_milli = on_hand_milli + 1, held_seq = held_seq + 1000"],
    ["what a place expects", "locations", "incoming_milli = null, held_seq = null"],
    ["who runs a place", "locations", "operator = null, is_current = 0"],
    ["what of a product can be sold", "products", "available_milli = available_milli + 1"],
  ])("finds that %s is wrong, and mends it", async (_, table, change) => {
    const { ledger, buyer } = await busy()
    await tamper(`update ${table} set ${change} where org_id = ?`, ledger.owner.id)
    const { differences } = await ledger.rpc.reconcile()
    expect(differences.length).toBeGreaterThan(0)
    expect(new Set(differences.map(({ problem }) => problem))).toEqual(new Set(["DIFFERENT"]))
    await expectProjected(ledger, [buyer])
  })

  test("finds that an operator's row of a place is gone or wrong, and mends it", async () => {
    const { ledger, buyer } = await busy()
    for (const change of ["delete from locations", "update locations set is_current = 0"]) {
      await tamper(`${change} where org_id = ? and counterparty_id = ?`, buyer.id, ledger.owner.id)
      expect((await ledger.rpc.reconcile()).differences).toMatchObject([{ kind: "location" }])
      await expectProjected(ledger, [buyer])
    }
  })

  test("takes nothing for a difference that is on its way, however busy the ledger is", async () => {
    const { ledger, buyer, orderIds } = await busy()
    const product = await stocked(ledger, 1_000)
    let isOver = false
    const working = (async () => {
      for (let n = 1; !isOver; n += 1) {
        await Promise.all([
          ledger.must(ledger.owner, "updateProduct", { productId: product.id, name: `Name ${n}` }),
          ledger
            .must(buyer, "placeOrder", order(buyer, [product.id, 1]))
            .then(({ id }) => ledger.must(ledger.owner, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null })),
        ])
      }
    })()
    for (let round = 0; round < 15; round += 1) expect((await ledger.rpc.reconcile()).differences).toEqual([])
    isOver = true
    await working
    expect(orderIds).toHaveLength(3)
    await expectProjected(ledger, [buyer])
  })

  test("runs by the ledger's own alarm, only where something changed", async () => {
    const { ledger, buyer } = await busy()
    await ledger.comeDue("reconcile")
    using faults = new D1Faults()
    await ledger.comeDue("reconcile")
    expect(faults.batches).toBe(0)
    await tamper("update orders set status = 'COMPLETED' where org_id = ?", ledger.owner.id)
    await stocked(ledger, 1)
    await ledger.comeDue("reconcile")
    await expectProjected(ledger, [buyer])
    const [due] = await ledger.rows<{ at: number }>("SELECT at FROM due WHERE kind = 'reconcile'")
    expect(due?.at).toBeGreaterThan(Date.now() + 60_000)
  })
})

test("kept results are forgotten after a day, in bounded bites, and the alarm goes on", async () => {
  const { ledger } = await busy()
  const before = await ledger.count("commands")
  await ledger.rows("UPDATE commands SET at = at - 90000000 WHERE id IN (SELECT id FROM commands LIMIT 3)")
  await ledger.comeDue("commands")
  expect(await ledger.count("commands")).toBe(before - 3)
  expect(await ledger.rows("SELECT kind FROM due WHERE kind = 'commands'")).toHaveLength(1)
})
