-- Complaints about orders: one row per party, the buyer's holding only what the buyer may see. Both are written in one batch.
CREATE TABLE complaints (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  side TEXT NOT NULL,
  counterparty_id TEXT NOT NULL,
  supplier_name TEXT NOT NULL,
  buyer_name TEXT NOT NULL,
  link_id TEXT,
  order_id TEXT NOT NULL,
  order_number TEXT NOT NULL,
  order_line_id TEXT,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  status TEXT NOT NULL,
  level TEXT NOT NULL,
  assignee_id TEXT,
  assignee_name TEXT,
  opened_by TEXT NOT NULL,
  resolution TEXT,
  evidence TEXT NOT NULL,
  history TEXT NOT NULL,
  reopen_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  due_at INTEGER,
  version INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
-- Ids sort by time, so that each filter's index is in the list's order.
CREATE INDEX complaints_status ON complaints (org_id, status, id);
CREATE INDEX complaints_level ON complaints (org_id, level, id);
CREATE INDEX complaints_order ON complaints (org_id, order_id, id);
CREATE INDEX complaints_assignee ON complaints (org_id, assignee_id, id) WHERE assignee_id IS NOT NULL;
-- The clock walks what is due, whose ever it is; the supplier's row tells all that it needs.
CREATE INDEX complaints_due ON complaints (due_at) WHERE side = 'supplier' AND due_at IS NOT NULL;
