import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { type LocationId, newId, type ProductId } from "../../../src/kernel/ids.ts"
import type { StoredEvent } from "../../../src/platform/events/subscriber.ts"
import { market } from "../../support/market.ts"
import { colleague, outboxOf, tell } from "../../support/notifications.ts"
import { api, costOf } from "../../support/world.ts"

type Market = Awaited<ReturnType<typeof market>>

async function stage() {
  const shop = await market(0)
  const { token } = shop.supplier
  const place = async (code: string): Promise<string> =>
    (await api("POST", "/warehouses", { token, body: { code, name: `Depot ${code}` } })).body.id
  return { ...shop, token, north: await place("NORTH"), south: await place("SOUTH") }
}

const move = ({ ledger }: Pick<Market, "ledger">, productId: string, locationId: string, units: number) =>
  ledger.must(ledger.owner, "recordMovements", {
    items: [
      {
        type: units > 0 ? "IN" : "OUT",
        productId: productId as ProductId,
        locationId: locationId as LocationId,
        quantityMilli: Math.abs(units) * 1_000,
      },
    ],
    onError: "reject_all",
  })

/** The events of low stock of an organization, as they were stored. */
async function lowEvents(orgId: string): Promise<StoredEvent[]> {
  const { results } = await env.DB.prepare("select * from events where org_id = ? and type = 'stock.low' order by seq").bind(orgId).all()
  return results.map(({ org_id, actor_id, data, ...event }) => ({
    ...event,
    orgId: org_id,
    actorId: actor_id,
    data: JSON.parse(data as string),
  })) as never
}

const lowOf = async (token: string, query = "") => {
  const { status, body } = await api("GET", `/stock-movements/low-stock${query}`, { token })
  expect(status).toBe(200)
  return body
}

test("minimums of single warehouses are stated as a whole, and shown to the supplier's own staff alone", async () => {
  const { token, buyer, north, south } = await stage()
  const body = { sku: "MILK", name: "Milk", price: "1.00", min_stock_levels: [{ warehouse_id: north, quantity: 5 }] }
  const made = await api("POST", "/products", { token, body })
  expect([made.status, made.body.min_stock_levels]).toEqual([201, [{ warehouse_id: north, quantity: 5 }]])
  const path = `/products/${made.body.id}`
  const read = await api("GET", path, { token })
  expect(read.body.min_stock_levels).toEqual(made.body.min_stock_levels)
  expect(costOf(read)).toEqual({ trips: 1, read: expect.any(Number), written: 0 })
  expect((await api("GET", path, { token: buyer.token })).body).not.toHaveProperty("min_stock_levels")
  expect((await api("GET", "/products", { token })).body.data[0]).not.toHaveProperty("min_stock_levels")
  const patch = (min_stock_levels: unknown) => api("PATCH", path, { token, body: { min_stock_levels } })
  const both = await patch([
    { warehouse_id: north, quantity: "2.5" },
    { warehouse_id: south, quantity: 1 },
  ])
  expect(both.body.min_stock_levels).toHaveLength(2)
  expect((await patch([{ warehouse_id: south, quantity: 1 }])).body.min_stock_levels).toEqual([{ warehouse_id: south, quantity: 1 }])
  expect((await api("PATCH", path, { token, body: { name: "Fresh milk" } })).body.min_stock_levels).toHaveLength(1)
  for (const [levels, pointer] of [
    [[{ warehouse_id: newId("whs", 1), quantity: 1 }], "/min_stock_levels/0/warehouse_id"],
    [
      [
        { warehouse_id: north, quantity: 1 },
        { warehouse_id: north, quantity: 2 },
      ],
      "/min_stock_levels/1/warehouse_id",
    ],
    [[{ warehouse_id: north, quantity: -1 }], "/min_stock_levels/0/quantity"],
    [Array.from({ length: 101 }, () => ({ warehouse_id: north, quantity: 1 })), "/min_stock_levels"],
  ] as const) {
    const refused = await patch(levels)
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, pointer])
  }
  // Another organization's warehouse is none.
  const foreign = (await api("POST", "/warehouses", { token: buyer.token, body: { code: "X", name: "X" } })).body.id
  expect((await patch([{ warehouse_id: foreign, quantity: 1 }])).status).toBe(422)
  const etag = (await api("GET", path, { token })).headers.get("etag") ?? ""
  expect((await api("GET", path, { token, headers: { "if-none-match": etag } })).status).toBe(304)
  expect((await api("DELETE", `/warehouses/${south}`, { token })).status).toBe(204)
  const after = await api("GET", path, { token, headers: { "if-none-match": etag } })
  expect([after.status, after.body.min_stock_levels]).toEqual([200, []])
  expect((await lowOf(token)).data).toEqual([])
})

test("INV-STK-7: stock that falls under a minimum is told of on the crossing alone, by event, in the app and by mail", async () => {
  const shop = await stage()
  const { token, north, south, supplier } = shop
  const manager = await colleague(supplier.org.id, "manager")
  const body = {
    sku: "MILK",
    name: "Milk",
    price: "1.00",
    min_stock_level: 20,
    min_stock_levels: [{ warehouse_id: north, quantity: 5 }],
  }
  // It is made without any: under both minimums at once.
  const { id } = (await api("POST", "/products", { token, body })).body
  const happened = async () =>
    (await lowEvents(supplier.org.id)).map(({ data }) => [(data as never)["warehouse_name"], (data as never)["on_hand"]])
  expect(await happened()).toEqual([
    [null, 0],
    ["Depot NORTH", 0],
  ])
  await move(shop, id, north, 4)
  await move(shop, id, south, 4)
  expect(await happened()).toHaveLength(2)
  await move(shop, id, north, 20)
  expect((await lowOf(token)).data).toEqual([])
  // Under the minimum of the place, above that of all together.
  await move(shop, id, south, 30)
  await move(shop, id, north, -20)
  expect((await happened()).slice(2)).toEqual([["Depot NORTH", 4]])
  await move(shop, id, north, -1)
  expect(await happened()).toHaveLength(3)
  expect((await lowOf(token)).data).toMatchObject([
    { product_id: id, sku: "MILK", warehouse_id: north, warehouse_code: "NORTH", on_hand: 3, min_stock_level: 5 },
  ])
  await move(shop, id, south, -20)
  expect((await happened()).slice(3)).toEqual([[null, 17]])
  const all = await lowOf(token)
  expect(all.data).toMatchObject([
    { warehouse_id: null, warehouse_code: null, on_hand: 17, min_stock_level: 20 },
    { warehouse_id: north, on_hand: 3 },
  ])
  const first = await lowOf(token, "?limit=1")
  const second = await lowOf(token, `?limit=1&cursor=${first.next_cursor}`)
  expect([...first.data, ...second.data, second.next_cursor]).toEqual([...all.data, null])
  // Raising a minimum over what is there is a crossing too; lowering it again is silent.
  const set = (quantity: number) =>
    api("PATCH", `/products/${id}`, { token, body: { min_stock_levels: [{ warehouse_id: south, quantity }] } })
  await set(100)
  expect((await happened()).slice(4)).toEqual([["Depot SOUTH", 14]])
  await set(10)
  expect(await happened()).toHaveLength(5)
  expect((await lowOf(token)).data).toHaveLength(1)
  expect((await lowOf(shop.buyer.token)).data).toEqual([])

  const events = await lowEvents(supplier.org.id)
  await tell(events)
  const { results } = await env.DB.prepare("select title, body from notifications where org_id = ? and user_id = ? and type = 'stock.low'")
    .bind(supplier.org.id, manager.id)
    .all<{ title: string; body: string }>()
  expect(results).toHaveLength(5)
  const atNorth = results.filter(({ title }) => title === "MILK Milk is under its minimum at Depot NORTH")
  expect(atNorth.map(({ body: text }) => text).sort()).toEqual(["On hand: 0\nMinimum: 5", "On hand: 4\nMinimum: 5"])
  expect((await outboxOf(supplier.org.id)).filter(({ user_id }) => user_id === manager.id)).toHaveLength(5)
})
