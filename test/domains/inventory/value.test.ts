import { describe, expect, test } from "vitest"
import { valueOf } from "../../../src/domains/inventory/rules.ts"
import { type LocationId, newId, type ProductId } from "../../../src/kernel/ids.ts"
import { market } from "../../support/market.ts"
import { api, hire } from "../../support/world.ts"

describe("INV-STK-11: what stock is worth", () => {
  const [p, q, r] = [newId("prd", 1), newId("prd", 2), newId("prd", 3)]
  const [here, there] = [newId("whs", 1), newId("whs", 2)]
  const codes = new Map([
    [here, { code: "A", name: "Here" }],
    [there, { code: "B", name: "There" }],
  ])
  const stock = (
    productId: ProductId,
    locationId: LocationId,
    onHandMilli: number,
    currency: string | null,
    averageMilli: number | null,
  ) => ({
    productId,
    locationId,
    onHandMilli,
    currency,
    averageMilli,
  })

  test("is summed by place and currency, rounded once, and the total is the places' sum", () => {
    const value = valueOf(
      [
        stock(p, here, 1_000, "USD", 500), // half a cent
        stock(q, here, 1_000, "USD", 400),
        stock(p, there, 1_000, "USD", 499),
        stock(q, there, 2_000, "EUR", 100_000),
        stock(r, there, 2_000, null, null),
        stock(r, here, 2_000, null, null),
      ],
      (id) => codes.get(id),
    )
    expect(value).toEqual({
      totals: [
        { currency: "EUR", minor: 200 },
        { currency: "USD", minor: 1 },
      ],
      places: [
        { id: here, code: "A", name: "Here", worth: [{ currency: "USD", minor: 1 }] },
        {
          id: there,
          code: "B",
          name: "There",
          worth: [
            { currency: "EUR", minor: 200 },
            { currency: "USD", minor: 0 },
          ],
        },
      ],
      productsWithoutCost: 1,
    })
  })

  test("is exact where floats are not", () => {
    const [total] = valueOf([stock(p, here, 1_000_000_000_000, "USD", 1_000_001)], () => undefined).totals
    expect(total).toEqual({ currency: "USD", minor: 1_000_001_000_000 })
  })
})

test("the stock's worth follows its receipts, by warehouse, and only managers see it", async () => {
  const { supplier, buyer, ledger, body } = await market(10)
  const { token } = supplier
  const productId = body.items[0]?.product_id as ProductId
  const valueNow = async () => (await api("GET", "/inventory/value/total", { token })).body
  expect(await valueNow()).toEqual({ totals: [], warehouses: [], products_without_cost: 1 })
  const depot = (await api("POST", "/warehouses", { token, body: { code: "DEPOT", name: "Depot" } })).body.id as LocationId
  const receive = (quantityMilli: number, unitCost: string) =>
    ledger.must(ledger.owner, "recordMovements", {
      items: [{ type: "IN", productId, locationId: depot, quantityMilli, unitCost }],
      onError: "reject_all",
    })
  // What was there at no known cost takes the first cost that is known; then 20 at 2.00 and 10 at 5.00 are 30 at 3.00.
  await receive(10_000, "2.00")
  await receive(10_000, "5.00")
  const value = await valueNow()
  expect(value.totals).toEqual([{ currency: "USD", value: "90.00" }])
  expect(value.warehouses.map(({ code, values }: { code: string; values: unknown }) => [code, values])).toEqual([
    ["DEPOT", [{ currency: "USD", value: "60.00" }]],
    ["MAIN", [{ currency: "USD", value: "30.00" }]],
  ])
  expect(value.products_without_cost).toBe(0)
  for (const role of ["sales_rep", "warehouse_op", "staff"])
    expect((await api("GET", "/inventory/value/total", { token: (await hire(token, role)).token })).status).toBe(403)
  expect((await api("GET", "/inventory/value/total", { token: (await hire(token, "manager")).token })).status).toBe(200)
  expect((await api("GET", "/inventory/value/total", { token: buyer.token })).body.totals).toEqual([])
})
