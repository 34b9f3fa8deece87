-- Partners: links as projections of the supplier's ledger, one row per party.
CREATE TABLE links (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  side TEXT NOT NULL,
  counterparty_id TEXT NOT NULL,
  counterparty_name TEXT NOT NULL,
  own_name TEXT NOT NULL,
  status TEXT NOT NULL,
  shares_stock INTEGER NOT NULL,
  message TEXT,
  reason TEXT,
  created_at INTEGER NOT NULL,
  decided_at INTEGER,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
-- The catalog walks a buyer's approved suppliers in this order. That there is one link a pair, the ledger holds; saying it
-- here lets SQLite walk products in order behind it without sorting.
CREATE UNIQUE INDEX links_partner ON links (org_id, side, status, counterparty_id);
