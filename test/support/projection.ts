import { runInDurableObject } from "cloudflare:test"
import { expect } from "vitest"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import { d1, type TestLedger } from "./ledger.ts"

type Row = Record<string, unknown>

const byId = (a: Row, b: Row): number => (String(a["key"]) < String(b["key"]) ? -1 : 1)

/** The columns of `expected` out of each actual row. */
const only = (rows: readonly Row[], expected: readonly Row[]): Row[] => {
  const names = Object.keys(expected[0] ?? {})
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])))
}

const without = (row: Row, ...names: string[]): Row => Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)))

/**
 * Holds D1 to the object's own tables, row by row and column by column, for the supplier and each buyer. Written in
 * plain SQL on both sides, so that it shares no code with the relay and reconcile it checks (INV-PRJ-1).
 */
export async function expectProjected(ledger: TestLedger, buyers: readonly OrganizationFacts[]): Promise<void> {
  const own = await runInDurableObject(ledger.stub, (_, { storage: { sql } }) => {
    const all = (query: string): Row[] => sql.exec(query).toArray()
    return {
      locations: all("SELECT id AS key, * FROM locations"),
      products: all(
        `SELECT id AS key, products.*, (SELECT coalesce(sum(quantity_milli), 0) FROM stock_movements m WHERE m.product_id = products.id) AS stock_milli,
          v.identity_id, v.color, v.size, v.condition FROM products LEFT JOIN product_variants v ON v.product_id = products.id`,
      ),
      stock_levels: all("SELECT product_id || location_id AS key, * FROM stock_levels"),
      stock_movements: all("SELECT id AS key, * FROM stock_movements"),
      links: all("SELECT id AS key, * FROM links"),
      orders: all("SELECT id AS key, * FROM orders"),
      bundle_components: all("SELECT id AS key, * FROM bundle_components"),
    }
  })
  const supplier = ledger.owner
  const actualOf = async (table: keyof typeof own, orgId: string, side?: string): Promise<Row[]> => {
    const key = table === "stock_levels" ? "product_id || location_id" : "id"
    const rows = await d1<Row>(
      `select ${key} as key, * from ${table} where org_id = ? ${side === undefined ? "" : `and side = '${side}'`}`,
      orgId,
    )
    return rows.sort(byId)
  }
  for (const table of ["locations", "products", "stock_levels", "stock_movements", "bundle_components"] as const) {
    const expected = own[table].sort(byId)
    expect(only(await actualOf(table, supplier.id), expected), table).toEqual(expected)
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
  for (const [table, view] of [["links", link] as const, ["orders", order] as const]) {
    const rows = own[table].sort(byId)
    const sold = rows.map((row) => view(row, "supplier"))
    expect(only(await actualOf(table, supplier.id, "supplier"), sold), `${table} of the supplier`).toEqual(sold)
    for (const buyer of buyers) {
      const bought = rows.filter((row) => row["buyer_id"] === buyer.id).map((row) => view(row, "buyer"))
      expect(only(await actualOf(table, buyer.id, "buyer"), bought), `${table} of a buyer`).toEqual(bought)
    }
  }
}
