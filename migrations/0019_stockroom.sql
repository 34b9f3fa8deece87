-- The stockroom: places of each kind and who operates them, stock by lot, units, minimums.
CREATE TABLE locations_next (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  side TEXT NOT NULL,
  counterparty_id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  address TEXT,
  capacity_milli INTEGER,
  operator TEXT,
  is_default INTEGER NOT NULL,
  is_current INTEGER NOT NULL,
  archived_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
INSERT INTO locations_next
SELECT org_id, id, 'supplier', '', code, name, 'WAREHOUSE', NULL, NULL, NULL, is_default, 1, NULL, 0, 0, version, seq, generation FROM locations;
DROP TABLE locations;
ALTER TABLE locations_next RENAME TO locations;

CREATE TABLE stock_levels_next (
  org_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  location_id TEXT NOT NULL,
  lot_id TEXT NOT NULL,
  lot_number TEXT,
  lot_status TEXT,
  expires_on TEXT,
  on_hand_milli INTEGER NOT NULL,
  reserved_milli INTEGER NOT NULL,
  incoming_milli INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, product_id, location_id, lot_id)
) WITHOUT ROWID;
INSERT INTO stock_levels_next
SELECT org_id, product_id, location_id, '', NULL, NULL, NULL, on_hand_milli, 0, 0, seq, generation FROM stock_levels;
DROP TABLE stock_levels;
ALTER TABLE stock_levels_next RENAME TO stock_levels;
CREATE INDEX stock_levels_location ON stock_levels (org_id, location_id, product_id, lot_id);
CREATE INDEX stock_levels_expiry ON stock_levels (org_id, expires_on, product_id, location_id, lot_id) WHERE expires_on IS NOT NULL AND on_hand_milli > 0;

ALTER TABLE stock_movements ADD COLUMN to_location_id TEXT;
ALTER TABLE stock_movements ADD COLUMN lot_id TEXT;
ALTER TABLE stock_movements ADD COLUMN lot_number TEXT;
ALTER TABLE stock_movements ADD COLUMN expires_on TEXT;
ALTER TABLE stock_movements ADD COLUMN unit_id TEXT;
ALTER TABLE stock_movements ADD COLUMN unit_cost_milli INTEGER;
ALTER TABLE stock_movements ADD COLUMN currency TEXT;
ALTER TABLE stock_movements ADD COLUMN reference TEXT;
ALTER TABLE stock_movements ADD COLUMN corrects TEXT;
ALTER TABLE stock_movements ADD COLUMN receives TEXT;
ALTER TABLE stock_movements ADD COLUMN open_milli INTEGER;
CREATE INDEX stock_movements_product ON stock_movements (org_id, product_id, id);

CREATE TABLE lots (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  number TEXT NOT NULL,
  expires_on TEXT,
  status TEXT NOT NULL,
  reason TEXT,
  expired_at INTEGER,
  received_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
CREATE INDEX lots_number ON lots (org_id, number, product_id);

CREATE TABLE stock_units (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  serial TEXT NOT NULL,
  location_id TEXT NOT NULL,
  lot_number TEXT,
  status TEXT NOT NULL,
  order_id TEXT,
  reserved_until INTEGER,
  history TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
CREATE INDEX stock_units_product ON stock_units (org_id, product_id, id);
CREATE INDEX stock_units_status ON stock_units (org_id, status, id);
CREATE INDEX stock_units_serial ON stock_units (org_id, serial);

CREATE TABLE stock_minimums (
  org_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  location_id TEXT NOT NULL,
  min_milli INTEGER NOT NULL,
  is_low INTEGER NOT NULL,
  low_since INTEGER,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, product_id, location_id)
) WITHOUT ROWID;
CREATE INDEX stock_minimums_low ON stock_minimums (org_id, product_id, location_id) WHERE is_low = 1;

-- What can be sold now; on hand is what is there.
ALTER TABLE products ADD COLUMN available_milli INTEGER;
UPDATE products SET available_milli = stock_milli;
