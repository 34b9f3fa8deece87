import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { type Answer, api, costOf, signUp, type World } from "../support/world.ts"

/**
 * Reads of stock on two stockrooms of which one is ten times the other in products, places, and places that the partner
 * runs, and has had many lots that are used up. Rows are written as a relay would have; what is measured is real.
 */
type Size = { readonly products: number; readonly places: number; readonly operated: number; readonly usedUp: number }
const small: Size = { products: 60, places: 6, operated: 3, usedUp: 0 }
const large: Size = { products: 600, places: 60, operated: 30, usedUp: 40 }

type Stockroom = { readonly owner: World; readonly partner: World; readonly productId: string }

const pageSize = 50
const id = (prefix: string, world: number, number: number): string =>
  `${prefix}_0${String(world).padStart(3, "0")}${String(number).padStart(22, "0")}`

async function build(world: number, { products, places, operated, usedUp }: Size): Promise<Stockroom> {
  const [owner, partner] = await Promise.all([signUp(["supplier"]), signUp(["cfa"])])
  const counted = "with recursive n (i) as (select 0 union all select i + 1 from n where i < ?1 - 1)"
  const place = (org: string, side: string, other: string, count: number) =>
    env.DB.prepare(
      `insert into locations (org_id, id, side, counterparty_id, code, name, kind, is_default, is_current, created_at, updated_at, version, seq, generation)
       ${counted} select ?2, 'whs_0' || printf('%03d%022d', ?3, i), ?4, ?5, 'P' || i, 'Place', 'WAREHOUSE', 0, 1, 0, 0, 1, 1, 0 from n`,
    ).bind(count, org, world, side, other)
  await env.DB.batch([
    env.DB.prepare(
      `insert into products (org_id, id, sku, name, description, category, unit, quantity_step_milli, price_minor, currency, min_order_milli,
         min_stock_milli, stock_milli, available_milli, stock_seq, is_active, images, created_at, updated_at, version, seq, generation)
       ${counted} select ?2, 'prd_0' || printf('%03d%022d', ?3, i), 'SKU-' || i, 'Ware', '', '', 'kg', 1000, 100, 'USD', 1000, 0, 5000, 5000, 1, 1, '[]', 0, 0, 1, 1, 0 from n`,
    ).bind(products, owner.org.id, world),
    place(owner.org.id, "supplier", "", places),
    place(partner.org.id, "buyer", owner.org.id, operated),
    // Each product in two lots at each of six places, whatever their number.
    env.DB.prepare(
      `insert into stock_levels (org_id, product_id, location_id, lot_id, lot_number, lot_status, expires_on, on_hand_milli, reserved_milli, incoming_milli, is_shown, seq, generation)
       ${counted}, p (j) as (select 0 union all select j + 1 from p where j < 5), k (lot) as (values (0), (1))
       select ?2, 'prd_0' || printf('%03d%022d', ?3, i), 'whs_0' || printf('%03d%022d', ?3, j), 'lot_' || i || '_' || lot, 'L' || lot, 'ACTIVE', '2027-01-31', 1000, 0, 0, 1, 1, 0 from n, p, k`,
    ).bind(products, owner.org.id, world),
    // INV-INV-2: and so many lots that are used up in each cell of the products that come first.
    env.DB.prepare(
      `insert into stock_levels (org_id, product_id, location_id, lot_id, lot_number, lot_status, expires_on, on_hand_milli, reserved_milli, incoming_milli, is_shown, seq, generation)
       ${counted}, p (j) as (select 0 union all select j + 1 from p where j < 5), k (lot) as (select 1 union all select lot + 1 from k where lot < ?4)
       select ?2, 'prd_0' || printf('%03d%022d', ?3, i), 'whs_0' || printf('%03d%022d', ?3, j), 'lot_' || i || '_gone_' || lot, 'G' || lot, 'ACTIVE', '2027-01-31', 0, 0, 0, 0, 1, 0 from n, p, k where ?4 > 0`,
    ).bind(pageSize + 10, owner.org.id, world, usedUp),
    env.DB.prepare(
      `insert into stock_minimums (org_id, product_id, location_id, min_milli, is_low, low_since, seq, generation)
       ${counted} select ?2, 'prd_0' || printf('%03d%022d', ?3, i), case when i % 2 = 0 then '' else 'whs_0' || printf('%03d%022d', ?3, 0) end, 9000, 1, 0, 1, 0 from n`,
    ).bind(products, owner.org.id, world),
  ])
  return { owner, partner, productId: id("prd", world, 7) }
}

/** What a request costs by itself: the least of three, since one in ten seconds also reads what was revoked. */
async function cheapest(call: () => Promise<Answer>) {
  let least: { trips: number; read: number; written: number; rows: number } | undefined
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await call()
    expect(answer.status).toBe(200)
    const cost = { ...costOf(answer), rows: (answer.body.data?.length ?? 1) as number }
    if (least === undefined || cost.trips < least.trips || cost.read < least.read) least = cost
  }
  return least ?? { trips: 0, read: 0, written: 0, rows: 0 }
}

describe("reads of stock", () => {
  let rooms: readonly Stockroom[]
  beforeAll(async () => {
    rooms = [await build(701, small), await build(702, large)]
  }, 120_000)

  const costs = (path: (room: Stockroom) => string, by: "owner" | "partner") =>
    Promise.all(rooms.map((room) => cheapest(() => api("GET", path(room), { token: room[by].token }))))

  test("a product's levels are one trip, the product and three rows for each cell", async () => {
    for (const cost of await costs(({ productId }) => `/inventory/${productId}`, "owner")) {
      expect(cost).toMatchObject({ trips: 1, written: 0, rows: 12 })
      expect(cost.read).toBeLessThanOrEqual(3 * cost.rows + 4)
    }
  })

  test("a partner's are one trip, two rows for each place that it runs and three for each cell", async () => {
    const [few, many] = await costs(({ productId }) => `/inventory/${productId}`, "partner")
    expect([few?.trips, few?.rows, many?.trips, many?.rows]).toEqual([1, 6, 1, 12])
    expect(few?.read).toBeLessThanOrEqual(2 * small.operated + 3 * 6 + 2)
    expect(many?.read).toBeLessThanOrEqual(2 * large.operated + 3 * 12 + 2)
  })

  test.each(["owner", "partner"] as const)(
    "INV-WHS-8: a place, to its %s, is one trip and its own row, however much lies there",
    async (by) => {
      // No ledger knows these places: none is asked.
      for (const cost of await costs((room) => `/warehouses/${id("whs", rooms.indexOf(room) + 701, 2)}`, by)) {
        expect(cost).toMatchObject({ trips: 1, written: 0 })
        expect(cost.read).toBeLessThanOrEqual(2)
      }
    },
  )

  test.each(["owner", "partner"] as const)(
    "INV-INV-2: a page of levels, to an %s, costs by the lots that it sums up, whatever else there is",
    async (by) => {
      const first = await costs(() => `/inventory?limit=${pageSize}`, by)
      for (const [index, cost] of first.entries()) {
        expect(cost).toMatchObject({ trips: 1, rows: pageSize })
        // One more than the page, two lots each, with product and place
        expect(cost.read, `room ${index}`).toBeLessThanOrEqual((pageSize + 1) * 2 * 3 + 12)
      }
    },
  )

  test("a place's levels, what expires and what is low cost by the page", async () => {
    for (const [path, perRow] of [
      [`/inventory?limit=${pageSize}&warehouse_id=`, 6],
      [`/inventory/expiring?days=3650&limit=${pageSize}`, 3],
      [`/stock-movements/low-stock?limit=${pageSize}`, 5],
    ] as const) {
      const full = (room: Stockroom) => (path.endsWith("=") ? path + id("whs", rooms.indexOf(room) + 701, 2) : path)
      for (const cost of await costs(full, "owner")) {
        expect(cost, path).toMatchObject({ trips: 1, rows: pageSize })
        expect(cost.read, path).toBeLessThanOrEqual((pageSize + 1) * perRow + 12)
      }
    }
  })
})
