import { runInDurableObject } from "cloudflare:test"
import { expect } from "vitest"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import { d1, type TestLedger } from "./ledger.ts"

type Row = Record<string, unknown>

/** Keys that are not the id, as one text. */
const keys: Readonly<Record<string, string>> = {
  stock_levels: "product_id || location_id || lot_id",
  stock_minimums: "product_id || location_id",
}

const byId = (a: Row, b: Row): number => (String(a["key"]) < String(b["key"]) ? -1 : 1)

/** The columns of `expected` out of each actual row. */
const only = (rows: readonly Row[], expected: readonly Row[]): Row[] => {
  const names = Object.keys(expected[0] ?? {})
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])))
}

const without = (row: Row, ...names: string[]): Row => Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)))

/** INV-BDL-7, by following every path down: how many the stock of its leaves is enough for. */
function stockOfBundle(
  bundle: Row,
  products: readonly Row[],
  components: readonly Row[],
  column: "stock_milli" | "available_milli",
): number {
  const needs = new Map<unknown, number>()
  const visit = (id: unknown, units: number): void => {
    const parts = components.filter((one) => one["parent_id"] === id && one["removed_at"] === null)
    if (parts.length === 0) needs.set(id, (needs.get(id) ?? 0) + units)
    for (const part of parts) visit(part["child_id"], (units * Number(part["quantity_milli"])) / 1000)
  }
  visit(bundle["id"], 1)
  const stockOf = (id: unknown): number => Number(products.find((one) => one["id"] === id)?.[column])
  const step = Number(bundle["quantity_step_milli"])
  return Math.min(...[...needs].map(([id, units]) => Math.floor(stockOf(id) / units / step) * step))
}
/** A former operator's row says no more of the place. */
const blanked = { code: "", name: "", address: null, capacity_milli: null, on_hand_milli: 0, incoming_milli: 0 }

/** Of a level or a reservation: whether its place sells, and its lot, if any, is neither held nor out of date. */
const isSellable = `(SELECT kind FROM locations WHERE id = l.location_id) IN ('WAREHOUSE', 'CFA_DEPOT', 'STOCKIST', 'STORE')
  AND (l.lot_id = '' OR l.lot_id IN (SELECT id FROM lots WHERE status = 'ACTIVE' AND expired_at IS NULL))`

/**
 * Holds D1 to the object's own tables, row by row and column by column, for the supplier and each buyer, who may run places. Written in
 * plain SQL on both sides, so that it shares no code with the relay and reconcile it checks (INV-PRJ-1).
 */
export async function expectProjected(ledger: TestLedger, buyers: readonly OrganizationFacts[]): Promise<void> {
  const own = await runInDurableObject(ledger.stub, (_, { storage: { sql } }) => {
    const all = (query: string): Row[] => sql.exec(query).toArray()
    return {
      locations: all(
        `SELECT id AS key, *, nullif(address, 'null') AS address,
          (SELECT coalesce(sum(on_hand_milli), 0) FROM stock_levels l WHERE l.location_id = locations.id) AS on_hand_milli,
          (SELECT coalesce(sum(left_milli), 0) FROM transits t WHERE t.to_location_id = locations.id) AS incoming_milli
         FROM locations`,
      ),
      // Who runs a place stands in a list here, and there in a row each.
      operators: all(
        `SELECT p.id AS place, o.value ->> 'id' AS operator_id, json_object('id', o.value ->> 'id', 'name', o.value ->> 'name') AS operator, o.value ->> 'isCurrent' AS is_current
         FROM locations p, json_each(p.operators) o`,
      ),
      products: all(
        `SELECT id AS key, *,
          (SELECT coalesce(sum(quantity_milli), 0) FROM stock_movements m WHERE m.product_id = products.id AND m.to_location_id IS NULL) AS stock_milli,
          (SELECT coalesce(max(seq), 0) FROM stock_levels l WHERE l.product_id = products.id) AS stock_seq,
          (SELECT coalesce(sum(on_hand_milli), 0) FROM stock_levels l WHERE l.product_id = products.id AND ${isSellable})
            - (SELECT coalesce(sum(quantity_milli), 0) FROM reservations l WHERE l.product_id = products.id AND ${isSellable}) AS available_milli
         FROM products`,
      ),
      stock_levels: all(
        `SELECT product_id || location_id || lot_id AS key, *,
          (SELECT coalesce(sum(quantity_milli), 0) FROM reservations r WHERE (r.product_id, r.location_id, r.lot_id) = (l.product_id, l.location_id, l.lot_id)) AS reserved_milli,
          (SELECT coalesce(sum(left_milli), 0) FROM transits t WHERE (t.product_id, t.to_location_id, t.lot_id) = (l.product_id, l.location_id, l.lot_id)) AS incoming_milli,
          lot_id = '' OR on_hand_milli <> 0 OR EXISTS (SELECT 1 FROM transits t WHERE (t.product_id, t.to_location_id, t.lot_id, t.left_milli > 0) = (l.product_id, l.location_id, l.lot_id, 1)) AS is_shown,
          (SELECT number FROM lots WHERE id = l.lot_id) AS lot_number, (SELECT expires_on FROM lots WHERE id = l.lot_id) AS expires_on,
          (SELECT CASE WHEN status = 'ACTIVE' AND expired_at IS NOT NULL THEN 'EXPIRED' ELSE status END FROM lots WHERE id = l.lot_id) AS lot_status FROM stock_levels l`,
      ),
      stock_movements: all(
        `SELECT m.id AS key, m.*, nullif(m.lot_id, '') AS lot_id, (SELECT number FROM lots WHERE id = m.lot_id) AS lot_number,
          (SELECT expires_on FROM lots WHERE id = m.lot_id) AS expires_on, (SELECT left_milli FROM transits WHERE movement_id = m.id) AS open_milli FROM stock_movements m`,
      ),
      lots: all("SELECT id AS key, * FROM lots"),
      stock_units: all("SELECT id AS key, *, (SELECT number FROM lots WHERE id = units.lot_id) AS lot_number FROM units").map((row) =>
        without(row, "lot_id", "order_line_id"),
      ),
      stock_minimums: all("SELECT product_id || location_id AS key, * FROM minimums"),
      links: all("SELECT id AS key, * FROM links"),
      link_terms: all(
        `SELECT t.link_id AS key, t.link_id AS id, t.seq, l.buyer_id, terms ->> 'discountBasisPoints' AS discount_basis_points, terms -> 'priceList' AS price_list,
          terms -> 'deliveryDays' AS delivery_days, terms ->> 'orderCutOff' AS order_cut_off, terms ->> 'leadTimeDays' AS lead_time_days, terms ->> 'minShelfLifeDays' AS min_shelf_life_days
         FROM link_terms t JOIN links l ON l.id = t.link_id`,
      ),
      orders: all("SELECT id AS key, * FROM orders"),
      bundle_components: all("SELECT id AS key, * FROM bundle_components"),
    }
  })
  // Leaves keep their own, so that it does not matter which bundle is looked at first.
  const leaves = own.products
  const isBundle = ({ id }: Row) => own.bundle_components.some((one) => one["parent_id"] === id && one["removed_at"] === null)
  own.products = leaves.map((product) => {
    // When a bundle's stock changed last is when one of its components' did: of these the ledger's own word is not repeated here.
    const { stock_seq: _stockSeq, ...shown } = product
    if (!isBundle(product)) return leaves.some(isBundle) ? shown : product
    const of = (column: "stock_milli" | "available_milli") => stockOfBundle(product, leaves, own.bundle_components, column)
    return { ...shown, stock_milli: of("stock_milli"), available_milli: of("available_milli") }
  })
  const supplier = ledger.owner
  const actualOf = async (table: Exclude<keyof typeof own, "operators">, orgId: string, side?: string): Promise<Row[]> => {
    const key = keys[table] ?? "id"
    const rows = await d1<Row>(
      `select ${key} as key, * from ${table} where org_id = ? ${side === undefined ? "" : `and side = '${side}'`}`,
      orgId,
    )
    return rows.sort(byId)
  }
  for (const table of [
    "products",
    "stock_levels",
    "stock_movements",
    "lots",
    "stock_units",
    "stock_minimums",
    "bundle_components",
  ] as const) {
    const expected = own[table].sort(byId)
    expect(only(await actualOf(table, supplier.id), expected), table).toEqual(expected)
  }
  const places = own.locations.sort(byId).map((row) => without(row, "operators"))
  const owned = places.map((row) => ({
    ...row,
    side: "supplier",
    counterparty_id: "",
    is_current: 1,
    operator: own.operators.find(({ place, is_current }) => place === row["id"] && is_current === 1)?.["operator"] ?? null,
  }))
  expect(only(await actualOf("locations", supplier.id, "supplier"), owned), "locations").toEqual(owned)
  for (const partner of buyers) {
    const run = places.flatMap((row) =>
      own.operators
        .filter(({ place, operator_id }) => place === row["id"] && operator_id === partner.id)
        .map(({ operator, is_current }) => ({
          ...row,
          ...(is_current === 1 ? {} : blanked),
          side: "buyer",
          counterparty_id: supplier.id,
          is_default: 0,
          operator,
          is_current,
        })),
    )
    expect(only(await actualOf("locations", partner.id, "buyer"), run), "locations that a partner runs").toEqual(run)
  }
  const party = (row: Row, side: "supplier" | "buyer"): Row =>
    side === "supplier" ? { ...row, side, counterparty_id: row["buyer_id"] } : { ...row, side, counterparty_id: supplier.id }
  const link = (row: Row, side: "supplier" | "buyer"): Row => ({
    ...without(party(row, side), "buyer_id", "buyer_name"),
    counterparty_name: side === "supplier" ? row["buyer_name"] : supplier.name,
    own_name: side === "supplier" ? supplier.name : row["buyer_name"],
  })
  const order = (row: Row, side: "supplier" | "buyer"): Row => ({
    ...without(party(row, side), "buyer_id"),
    internal_note: side === "supplier" ? row["internal_note"] : null,
  })
  const terms = (row: Row, side: "supplier" | "buyer"): Row => ({
    ...without(party(row, side), "buyer_id"),
    time_zone: supplier.settings.time_zone,
  })
  for (const [table, view] of [["links", link] as const, ["link_terms", terms] as const, ["orders", order] as const]) {
    const rows = own[table].sort(byId)
    const sold = rows.map((row) => view(row, "supplier"))
    expect(only(await actualOf(table, supplier.id, "supplier"), sold), `${table} of the supplier`).toEqual(sold)
    for (const buyer of buyers) {
      const bought = rows.filter((row) => row["buyer_id"] === buyer.id).map((row) => view(row, "buyer"))
      expect(only(await actualOf(table, buyer.id, "buyer"), bought), `${table} of a buyer`).toEqual(bought)
    }
  }
}
