-- Orders: projections of the supplier's ledger, one row per party, each holding only what that side may see.
CREATE TABLE orders (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  side TEXT NOT NULL,
  counterparty_id TEXT NOT NULL,
  number TEXT NOT NULL,
  supplier_name TEXT NOT NULL,
  buyer_name TEXT NOT NULL,
  status TEXT NOT NULL,
  currency TEXT NOT NULL,
  total_minor INTEGER NOT NULL,
  lines TEXT NOT NULL,
  history TEXT NOT NULL,
  note TEXT,
  internal_note TEXT,
  requested_delivery_on TEXT,
  placed_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
-- Ids sort by time, so that a list by state needs no other key.
CREATE INDEX orders_status ON orders (org_id, status, id);
