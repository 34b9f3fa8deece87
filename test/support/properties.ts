import { setting } from "./seed.ts"

const all = setting("VITE_RUNS") ?? 1_000

/** How many histories each property walks, with the seed that they have: `VITE_RUNS=10000` is ten times as many. */
export const runs = {
  inObject: Math.ceil(all * 0.75),
  withD1: Math.ceil(all / 40),
  stock: Math.ceil(all / 8),
  stockWithD1: Math.ceil(all / 100),
}

/** The ledger's tables, what refers to others first. */
const tables = [
  "place_holdings",
  "transits",
  "reservations",
  "units",
  "minimums",
  "costs",
  "bundle_components",
  "stock_movements",
  "stock_levels",
  "lots",
  "products",
  "locations",
  "link_terms",
  "links",
  "orders",
  "organization",
  "meta",
  "commands",
  "outbox_dirty",
  "outbox_append",
  "room_news",
  "due",
]

/** Empties a ledger, for the next history on the same storage. */
export function emptied(sql: SqlStorage): void {
  for (const table of tables) sql.exec(`DELETE FROM ${table}`)
}

/** INV-PRJ-2: each row of state that is not in the dirty set at the seq that it has now. D1 must have heard of nothing yet. */
export const dutiesOf = (sql: SqlStorage): unknown[] =>
  [
    "SELECT 'location', id, seq FROM locations",
    "SELECT 'terms', link_id, seq FROM link_terms",
    "SELECT 'product', id, seq FROM products",
    "SELECT 'link', id, seq FROM links",
    "SELECT 'order', id, seq FROM orders",
    "SELECT 'component', id, seq FROM bundle_components",
    "SELECT 'movement', id, seq FROM stock_movements",
    "SELECT 'level', product_id || ' ' || location_id || ' ' || lot_id, seq FROM stock_levels",
    "SELECT 'stock', product_id, max(seq) FROM stock_levels GROUP BY product_id",
    "SELECT 'holding', location_id, held_seq FROM place_holdings",
    "SELECT 'lot', id, seq FROM lots",
    "SELECT 'unit', id, seq FROM units",
    "SELECT 'minimum', product_id || ' ' || location_id, seq FROM minimums",
  ].flatMap((rows) => sql.exec(`${rows} EXCEPT SELECT kind, id, seq FROM outbox_dirty`).toArray())
