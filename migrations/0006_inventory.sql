-- Inventory: locations, levels and movements, as projections of the owner's ledger.
CREATE TABLE locations (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  is_default INTEGER NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;

CREATE TABLE stock_levels (
  org_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  location_id TEXT NOT NULL,
  on_hand_milli INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, product_id, location_id)
) WITHOUT ROWID;

CREATE TABLE stock_movements (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  location_id TEXT NOT NULL,
  type TEXT NOT NULL,
  quantity_milli INTEGER NOT NULL,
  reason TEXT NOT NULL,
  order_id TEXT,
  order_line_id TEXT,
  actor_id TEXT,
  actor_name TEXT NOT NULL,
  effective_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
