CREATE TABLE _migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

CREATE TABLE bundle_components (
  id TEXT PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES products (id), child_id TEXT NOT NULL REFERENCES products (id),
  quantity_milli INTEGER NOT NULL CHECK (quantity_milli > 0), role TEXT NOT NULL, created_at INTEGER NOT NULL, removed_at INTEGER,
  version INTEGER NOT NULL, seq INTEGER NOT NULL, CHECK (parent_id <> child_id)
) WITHOUT ROWID;

CREATE TABLE commands (id TEXT PRIMARY KEY, request_hash TEXT NOT NULL, result TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE costs (
  product_id TEXT PRIMARY KEY REFERENCES products (id), currency TEXT NOT NULL, average_milli INTEGER NOT NULL CHECK (average_milli >= 0)
) WITHOUT ROWID;

CREATE TABLE due (kind TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE link_terms (link_id TEXT PRIMARY KEY REFERENCES links (id), terms TEXT NOT NULL, seq INTEGER NOT NULL);

CREATE TABLE links (
  id TEXT PRIMARY KEY, buyer_id TEXT NOT NULL UNIQUE, buyer_name TEXT NOT NULL, status TEXT NOT NULL, message TEXT, reason TEXT,
  created_at INTEGER NOT NULL, decided_at INTEGER, version INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE locations (
  id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, is_default INTEGER NOT NULL,
  version INTEGER NOT NULL, seq INTEGER NOT NULL
, kind TEXT NOT NULL DEFAULT 'WAREHOUSE', address TEXT NOT NULL DEFAULT 'null', capacity_milli INTEGER, operators TEXT NOT NULL DEFAULT '[]', archived_at INTEGER, created_at INTEGER NOT NULL DEFAULT 0, updated_at INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;

CREATE TABLE lots (
  id TEXT PRIMARY KEY, product_id TEXT NOT NULL REFERENCES products (id), number TEXT NOT NULL, expires_on TEXT, status TEXT NOT NULL,
  reason TEXT, expired_at INTEGER, received_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL,
  UNIQUE (product_id, number)
) WITHOUT ROWID;

CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE minimums (
  product_id TEXT NOT NULL REFERENCES products (id), location_id TEXT NOT NULL, min_milli INTEGER NOT NULL CHECK (min_milli >= 0),
  is_low INTEGER NOT NULL, low_since INTEGER, seq INTEGER NOT NULL, PRIMARY KEY (product_id, location_id)
) WITHOUT ROWID;

CREATE TABLE orders (
  id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, buyer_id TEXT NOT NULL, supplier_name TEXT NOT NULL, buyer_name TEXT NOT NULL,
  status TEXT NOT NULL, currency TEXT NOT NULL, total_minor INTEGER NOT NULL, lines TEXT NOT NULL, history TEXT NOT NULL,
  note TEXT, internal_note TEXT, requested_delivery_on TEXT, placed_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL, seq INTEGER NOT NULL
, answer_by INTEGER) WITHOUT ROWID;

CREATE TABLE organization (one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL);

CREATE TABLE outbox_append (n INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, row TEXT NOT NULL, stuck TEXT);

CREATE TABLE outbox_dirty (
  kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, since INTEGER NOT NULL, stuck TEXT, PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE place_holdings (
  location_id TEXT PRIMARY KEY REFERENCES locations (id), on_hand_milli INTEGER NOT NULL CHECK (on_hand_milli >= 0),
  incoming_milli INTEGER NOT NULL CHECK (incoming_milli >= 0), held_seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE products (
  id TEXT PRIMARY KEY, sku TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, category TEXT NOT NULL, unit TEXT NOT NULL,
  quantity_step_milli INTEGER NOT NULL CHECK (quantity_step_milli > 0), price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
  currency TEXT NOT NULL, min_order_milli INTEGER NOT NULL CHECK (min_order_milli > 0), min_stock_milli INTEGER NOT NULL CHECK (min_stock_milli >= 0),
  is_active INTEGER NOT NULL, images TEXT NOT NULL, archived_at INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL, seq INTEGER NOT NULL
, identity_id TEXT, color TEXT, size TEXT, condition TEXT, gtin TEXT, packs TEXT NOT NULL DEFAULT '[]') WITHOUT ROWID;

CREATE TABLE reservations (
  id TEXT PRIMARY KEY, product_id TEXT NOT NULL, location_id TEXT NOT NULL, lot_id TEXT NOT NULL,
  quantity_milli INTEGER NOT NULL CHECK (quantity_milli > 0), order_id TEXT, order_line_id TEXT, unit_id TEXT, expires_at INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE room_news (link_id TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE "stock_levels" (
  product_id TEXT NOT NULL REFERENCES products (id), location_id TEXT NOT NULL REFERENCES locations (id), lot_id TEXT NOT NULL,
  on_hand_milli INTEGER NOT NULL CHECK (on_hand_milli >= 0), seq INTEGER NOT NULL,
  PRIMARY KEY (product_id, location_id, lot_id)
) WITHOUT ROWID;

CREATE TABLE stock_movements (
  id TEXT PRIMARY KEY, product_id TEXT NOT NULL REFERENCES products (id), location_id TEXT NOT NULL REFERENCES locations (id),
  type TEXT NOT NULL, quantity_milli INTEGER NOT NULL CHECK (quantity_milli <> 0), reason TEXT NOT NULL, order_id TEXT, order_line_id TEXT,
  actor_id TEXT, actor_name TEXT NOT NULL, effective_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, seq INTEGER NOT NULL
, to_location_id TEXT REFERENCES locations (id), lot_id TEXT NOT NULL DEFAULT '', unit_id TEXT, unit_cost_milli INTEGER CHECK (unit_cost_milli >= 0), currency TEXT, reference TEXT, corrects TEXT REFERENCES stock_movements (id), receives TEXT REFERENCES stock_movements (id)) WITHOUT ROWID;

CREATE TABLE transits (
  movement_id TEXT PRIMARY KEY REFERENCES stock_movements (id), product_id TEXT NOT NULL, lot_id TEXT NOT NULL, to_location_id TEXT NOT NULL,
  left_milli INTEGER NOT NULL CHECK (left_milli >= 0)
) WITHOUT ROWID;

CREATE TABLE units (
  id TEXT PRIMARY KEY, product_id TEXT NOT NULL REFERENCES products (id), serial TEXT NOT NULL UNIQUE, location_id TEXT NOT NULL REFERENCES locations (id),
  lot_id TEXT NOT NULL, status TEXT NOT NULL, order_id TEXT, order_line_id TEXT, reserved_until INTEGER, history TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX bundle_components_child ON bundle_components (child_id) WHERE removed_at IS NULL;

CREATE UNIQUE INDEX bundle_components_once ON bundle_components (parent_id, child_id) WHERE removed_at IS NULL;

CREATE INDEX bundle_components_parent ON bundle_components (parent_id, seq);

CREATE INDEX commands_at ON commands (at);

CREATE INDEX lots_expiry ON lots (expires_on) WHERE expires_on IS NOT NULL AND expired_at IS NULL;

CREATE INDEX lots_number ON lots (number);

CREATE INDEX orders_answer_by ON orders (answer_by) WHERE answer_by IS NOT NULL;

CREATE INDEX outbox_dirty_since ON outbox_dirty (since);

CREATE UNIQUE INDEX products_gtin ON products (substr('000000' || gtin, -14)) WHERE gtin IS NOT NULL AND archived_at IS NULL;

CREATE UNIQUE INDEX products_sku ON products (sku) WHERE archived_at IS NULL;

CREATE INDEX reservations_cell ON reservations (product_id, location_id, lot_id);

CREATE INDEX reservations_expiry ON reservations (expires_at);

CREATE INDEX reservations_order ON reservations (order_id) WHERE order_id IS NOT NULL;

CREATE UNIQUE INDEX reservations_unit ON reservations (unit_id) WHERE unit_id IS NOT NULL;

CREATE INDEX stock_levels_held ON stock_levels (product_id) WHERE on_hand_milli > 0;

CREATE INDEX stock_levels_location ON stock_levels (location_id) WHERE on_hand_milli > 0;

CREATE INDEX stock_levels_lot ON stock_levels (lot_id) WHERE lot_id <> '';

CREATE INDEX stock_levels_seq ON stock_levels (product_id, seq);

CREATE UNIQUE INDEX stock_movements_corrects ON stock_movements (corrects) WHERE corrects IS NOT NULL;

CREATE INDEX stock_movements_lot ON stock_movements (lot_id) WHERE lot_id <> '';

CREATE UNIQUE INDEX stock_movements_once ON stock_movements (order_line_id, product_id, location_id, lot_id, reason) WHERE order_line_id IS NOT NULL;

CREATE INDEX stock_movements_order ON stock_movements (order_id) WHERE order_id IS NOT NULL;

CREATE INDEX transits_cell ON transits (product_id, to_location_id, lot_id) WHERE left_milli > 0;

CREATE INDEX units_cell ON units (product_id, location_id, lot_id, status);

CREATE INDEX units_order ON units (order_id) WHERE order_id IS NOT NULL;

CREATE INDEX units_place ON units (location_id) WHERE status <> 'SOLD';
