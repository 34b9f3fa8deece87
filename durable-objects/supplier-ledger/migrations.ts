import type { SchemaStep } from "../shared/migrate.ts"

/**
 * The ledger's schema, step by step. Steps that have landed are never changed; `schema.snapshot.sql` in the
 * tests holds what they add up to, and the upgrade test runs each older schema with rows in it up to the last.
 */
export const schemaSteps: readonly SchemaStep[] = [
  {
    id: 1,
    name: "products, stock, links, orders",
    sql: `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE organization (one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL);

CREATE TABLE locations (
  id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, is_default INTEGER NOT NULL,
  version INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE products (
  id TEXT PRIMARY KEY, sku TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, category TEXT NOT NULL, unit TEXT NOT NULL,
  quantity_step_milli INTEGER NOT NULL CHECK (quantity_step_milli > 0), price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
  currency TEXT NOT NULL, min_order_milli INTEGER NOT NULL CHECK (min_order_milli > 0), min_stock_milli INTEGER NOT NULL CHECK (min_stock_milli >= 0),
  is_active INTEGER NOT NULL, images TEXT NOT NULL, archived_at INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX products_sku ON products (sku) WHERE archived_at IS NULL;

CREATE TABLE stock_levels (
  product_id TEXT NOT NULL REFERENCES products (id), location_id TEXT NOT NULL REFERENCES locations (id),
  on_hand_milli INTEGER NOT NULL CHECK (on_hand_milli >= 0), seq INTEGER NOT NULL,
  PRIMARY KEY (product_id, location_id)
) WITHOUT ROWID;

CREATE TABLE stock_movements (
  id TEXT PRIMARY KEY, product_id TEXT NOT NULL REFERENCES products (id), location_id TEXT NOT NULL REFERENCES locations (id),
  type TEXT NOT NULL, quantity_milli INTEGER NOT NULL CHECK (quantity_milli <> 0), reason TEXT NOT NULL, order_id TEXT, order_line_id TEXT,
  actor_id TEXT, actor_name TEXT NOT NULL, effective_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stock_movements_order ON stock_movements (order_id) WHERE order_id IS NOT NULL;
-- Each line of an order moves stock at a location once for each reason: a transition that is repeated cannot move it twice.
CREATE UNIQUE INDEX stock_movements_once ON stock_movements (order_line_id, location_id, reason) WHERE order_line_id IS NOT NULL;

CREATE TABLE links (
  id TEXT PRIMARY KEY, buyer_id TEXT NOT NULL UNIQUE, buyer_name TEXT NOT NULL, status TEXT NOT NULL, message TEXT, reason TEXT,
  created_at INTEGER NOT NULL, decided_at INTEGER, version INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE orders (
  id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, buyer_id TEXT NOT NULL, supplier_name TEXT NOT NULL, buyer_name TEXT NOT NULL,
  status TEXT NOT NULL, currency TEXT NOT NULL, total_minor INTEGER NOT NULL, lines TEXT NOT NULL, history TEXT NOT NULL,
  note TEXT, internal_note TEXT, requested_delivery_on TEXT, placed_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE commands (id TEXT PRIMARY KEY, request_hash TEXT NOT NULL, result TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX commands_at ON commands (at);

CREATE TABLE outbox_dirty (
  kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, since INTEGER NOT NULL, stuck TEXT, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX outbox_dirty_since ON outbox_dirty (since);
CREATE TABLE outbox_append (n INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, row TEXT NOT NULL, stuck TEXT);

CREATE TABLE due (kind TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
`,
  },
  {
    id: 2,
    name: "what chat rooms have yet to hear of their links",
    // Links that were decided on before there were rooms are told as news.
    sql: `
CREATE TABLE room_news (link_id TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO room_news SELECT id, seq FROM links WHERE version > 1;
`,
  },
  {
    id: 3,
    name: "variants and what bundles are made of",
    sql: `
CREATE TABLE product_variants (
  product_id TEXT PRIMARY KEY REFERENCES products (id), identity_id TEXT NOT NULL, color TEXT, size TEXT, condition TEXT
) WITHOUT ROWID;

CREATE TABLE bundle_components (
  id TEXT PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES products (id), child_id TEXT NOT NULL REFERENCES products (id),
  quantity_milli INTEGER NOT NULL CHECK (quantity_milli > 0), role TEXT NOT NULL, created_at INTEGER NOT NULL, removed_at INTEGER,
  version INTEGER NOT NULL, seq INTEGER NOT NULL, CHECK (parent_id <> child_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX bundle_components_once ON bundle_components (parent_id, child_id) WHERE removed_at IS NULL;
CREATE INDEX bundle_components_child ON bundle_components (child_id) WHERE removed_at IS NULL;
`,
  },
]
