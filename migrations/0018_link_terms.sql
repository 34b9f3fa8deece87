-- Partners: terms of links as projections of the supplier's ledger, one row per party.
CREATE TABLE link_terms (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  side TEXT NOT NULL,
  counterparty_id TEXT NOT NULL,
  discount_basis_points INTEGER NOT NULL,
  price_list TEXT NOT NULL,
  min_order_value TEXT,
  delivery_days TEXT NOT NULL,
  order_cut_off TEXT,
  lead_time_days INTEGER,
  time_zone TEXT NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
