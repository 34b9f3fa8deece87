import { beforeAll, describe, expect, test } from "vitest"
import type { LocationId, OrganizationId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { adopted, d1, linkedBuyer, order, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

const place = (ledger: TestLedger, code: string, operatorId: OrganizationId | null = null) =>
  ledger.must(ledger.owner, "createLocation", { code, name: code, kind: "WAREHOUSE", address: null, capacityMilli: null, operatorId })
const defaultOf = async (ledger: TestLedger): Promise<LocationId> =>
  (await ledger.rows<{ id: LocationId }>("SELECT id FROM locations WHERE is_default = 1"))[0]?.id ?? ("" as LocationId)
const transfer = (ledger: TestLedger, productId: ProductId, from: LocationId, to: LocationId, units: number, viaTransit = false) =>
  ledger.must(ledger.owner, "recordMovements", {
    items: [{ type: "TRANSFER", productId, locationId: from, toLocationId: to, quantityMilli: units * 1_000, viaTransit }],
    onError: "reject_all",
  })
const rowsOf = (id: LocationId) =>
  d1<{ org_id: string; code: string; name: string; is_current: number; operator: string | null }>(
    "select org_id, code, name, is_current, operator from locations where id = ? order by side desc, org_id",
    id,
  )

describe("places", () => {
  test("are their owner's alone to make, change and archive", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    const { id } = await place(ledger, "DEPOT", buyer.id)
    const terms = { code: "X", name: "X", kind: "WAREHOUSE", address: null, capacityMilli: null, operatorId: null } as const
    expect(await ledger.codeOf(buyer, "createLocation", terms)).toBe("NOT_FOUND")
    expect(await ledger.codeOf(buyer, "updateLocation", { locationId: id, name: "Mine" })).toBe("NOT_FOUND")
    expect(await ledger.codeOf(buyer, "archiveLocation", { locationId: id })).toBe("NOT_FOUND")
  })

  test("INV-WHS-5: are projected to their owner and to whoever runs them; a former operator's row says no more", async () => {
    const ledger = await adopted()
    const [first, second] = [await linkedBuyer(ledger, "First"), await linkedBuyer(ledger, "Second")]
    const { id } = await place(ledger, "DEPOT", first.id)
    await ledger.must(ledger.owner, "updateLocation", { locationId: id, operatorId: second.id, name: "Secret" })
    const rows = new Map((await rowsOf(id)).map((row) => [row.org_id, row]))
    expect(rows.get(ledger.owner.id)).toMatchObject({ name: "Secret", is_current: 1 })
    expect(rows.get(second.id)).toMatchObject({ name: "Secret", code: "DEPOT", is_current: 1 })
    expect(rows.get(first.id)).toMatchObject({ name: "", code: "", is_current: 0 })
    expect([...rows.values()].every(({ operator }) => operator?.includes("Second") === true || operator?.includes("First") === true)).toBe(
      true,
    )
    await expectProjected(ledger, [first, second])
    // The ledger itself, which is asked where D1 has no row, says the same.
    const read = async (org: OrganizationId) => (await ledger.rpc.readLocation(org, id))?.name
    expect([await read(ledger.owner.id), await read(second.id), await read(first.id)]).toEqual(["Secret", "Secret", undefined])
    expect(await ledger.rpc.readStockValue(first.id)).toBeUndefined()
    await ledger.rpc.rebuild()
    await ledger.comeDue("rebuild", "relay")
    expect((await rowsOf(id)).filter(({ is_current }) => is_current === 1)).toHaveLength(2)
    expect((await ledger.rpc.reconcile()).differences).toEqual([])
  })

  test("INV-WHS-4: lose their operator in the transaction that ends its link, all at once, and no one else theirs", async () => {
    const ledger = await adopted()
    const [buyer, other] = [await linkedBuyer(ledger, "Leaves"), await linkedBuyer(ledger, "Stays")]
    const mine = [await place(ledger, "A", buyer.id), await place(ledger, "B", buyer.id)]
    const theirs = await place(ledger, "C", other.id)
    const [link] = await ledger.rows<{ id: never }>("SELECT id FROM links WHERE buyer_id = ?", buyer.id)
    await ledger.must(buyer, "setLinkStatus", { linkId: link?.id as never, status: "REMOVED", reason: null, mayUnblock: false })
    for (const { id } of mine) {
      expect((await ledger.rpc.readLocation(ledger.owner.id, id))?.operator).toBeNull()
      expect((await rowsOf(id)).find(({ org_id }) => org_id === buyer.id)?.is_current).toBe(0)
    }
    expect((await ledger.rpc.readLocation(other.id, theirs.id))?.operator?.id).toBe(other.id)
    const [audit] = await d1<{ after: string }>("select after from audit_logs where org_id = ? order by id desc limit 1", buyer.id)
    expect(JSON.parse(audit?.after ?? "{}").warehouses_left).toEqual(mine.map(({ id }) => id))
    expect(await ledger.codeOf(ledger.owner, "updateLocation", { locationId: mine[0]?.id as never, operatorId: buyer.id })).toBe(
      "LINK_NOT_APPROVED",
    )
  })

  test("remember so many operators, and refuse one more rather than forget one", async () => {
    const ledger = await adopted()
    const { id } = await place(ledger, "BUSY")
    for (let count = 0; count < limits.locationOperatorsMax; count += 1)
      await ledger.must(ledger.owner, "updateLocation", { locationId: id, operatorId: (await linkedBuyer(ledger, `Buyer ${count}`)).id })
    const next = await linkedBuyer(ledger, "One more")
    expect(await ledger.codeOf(ledger.owner, "updateLocation", { locationId: id, operatorId: next.id })).toBe("CONFLICT")
    expect((await rowsOf(id)).filter(({ is_current }) => is_current === 1)).toHaveLength(2)
  }, 60_000)

  test("INV-WHS-2: are not archived while goods are there or on their way to them", async () => {
    const ledger = await adopted()
    const { id: productId } = await stocked(ledger, 10)
    const [main, depot] = [await defaultOf(ledger), await place(ledger, "DEPOT")]
    const sent = await transfer(ledger, productId, main, depot.id, 4, true)
    expect(await ledger.codeOf(ledger.owner, "archiveLocation", { locationId: depot.id })).toBe("CONFLICT")
    await ledger.must(ledger.owner, "recordMovements", {
      items: [{ type: "TRANSFER", productId, quantityMilli: 4_000, receives: sent.id as never }],
      onError: "reject_all",
    })
    expect(await ledger.codeOf(ledger.owner, "archiveLocation", { locationId: depot.id })).toBe("CONFLICT")
    await transfer(ledger, productId, depot.id, main, 4)
    expect(await ledger.codeOf(ledger.owner, "archiveLocation", { locationId: depot.id })).toBe("OK")
    const [transit] = await ledger.rows<{ id: LocationId }>("SELECT id FROM locations WHERE code = 'IN-TRANSIT'")
    for (const locationId of [main, transit?.id as LocationId])
      expect(await ledger.codeOf(ledger.owner, "archiveLocation", { locationId })).toBe("CONFLICT")
    expect(await ledger.codeOf(ledger.owner, "updateLocation", { locationId: transit?.id as LocationId, kind: "STORE" })).toBe("CONFLICT")
  })

  test("INV-WHS-6: that are archived open again when an order's goods come back to them", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    const { id: productId } = await stocked(ledger, 5)
    const depot = await place(ledger, "DEPOT", buyer.id)
    await transfer(ledger, productId, await defaultOf(ledger), depot.id, 5)
    const placed = await ledger.must(buyer, "placeOrder", order(buyer, [productId, 5]))
    const set = (status: "ACCEPTED" | "CANCELLED") =>
      ledger.must(ledger.owner, "setOrderStatus", { orderId: placed.id, status, reason: null } as never)
    await set("ACCEPTED")
    await ledger.must(ledger.owner, "archiveLocation", { locationId: depot.id })
    await set("CANCELLED")
    const open = await ledger.rpc.readLocation(ledger.owner.id, depot.id)
    expect([open?.code, open?.operator]).toEqual(["DEPOT", null])
    expect((await ledger.rpc.readProduct(ledger.owner.id, productId))?.availableMilli).toBe(5_000)
    await expectProjected(ledger, [buyer])
  })

  test("INV-WHS-1: that cease to sell free what orders were promised there, and are refused above a number of cells", async () => {
    const ledger = await adopted()
    const { id: productId } = await stocked(ledger, 1)
    const depot = await place(ledger, "DEPOT")
    await transfer(ledger, productId, await defaultOf(ledger), depot.id, 1)
    await ledger.rows(
      "INSERT INTO reservations (id, product_id, location_id, lot_id, quantity_milli, order_id, order_line_id, expires_at, seq) VALUES ('rsv_1', ?, ?, '', 1000, 'ord_1', 'oln_1', 9e15, 1)",
      productId,
      depot.id,
    )
    await ledger.must(ledger.owner, "updateLocation", { locationId: depot.id, name: "Same kind" })
    expect(await ledger.count("reservations")).toBe(1)
    await ledger.must(ledger.owner, "updateLocation", { locationId: depot.id, kind: "QUARANTINE" })
    expect(await ledger.count("reservations")).toBe(0)
    expect((await ledger.rpc.readProduct(ledger.owner.id, productId))?.availableMilli).toBe(0)
    await expectProjected(ledger, [])
    await ledger.rows(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO stock_levels SELECT ?, ?, 'lot_' || i, 1000, 1 FROM n`,
      limits.locationKindCellsMax,
      productId,
      depot.id,
    )
    expect(await ledger.codeOf(ledger.owner, "updateLocation", { locationId: depot.id, kind: "STORE" })).toBe("CONFLICT")
    expect(await ledger.codeOf(ledger.owner, "updateLocation", { locationId: depot.id, kind: "IN_TRANSIT" })).toBe("OK")
  })
})
