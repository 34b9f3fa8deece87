-- Webhooks: where an organization has its events sent, and each event's way there.
CREATE TABLE webhook_endpoints (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  url TEXT NOT NULL,
  description TEXT,
  event_types TEXT NOT NULL,
  permissions TEXT NOT NULL,
  status TEXT NOT NULL,
  disabled_reason TEXT,
  secrets TEXT NOT NULL,
  sealed_by TEXT NOT NULL,
  failures INTEGER NOT NULL,
  failing_since INTEGER,
  paused_until INTEGER,
  created_by TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;
-- Secrets sealed by a key that is about to go are sealed anew, whosever they are.
CREATE INDEX webhook_endpoints_sealed_by ON webhook_endpoints (sealed_by);

-- The id is made of the endpoint's and the event's, so that the key alone keeps an event from being sent twice. No foreign
-- key to the endpoint: deliveries of a deleted one are met one by one, and dropped.
CREATE TABLE webhook_deliveries (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  status TEXT NOT NULL,
  failure_reason TEXT,
  attempts TEXT NOT NULL,
  attempts_made INTEGER NOT NULL,
  attempt_in_series INTEGER NOT NULL,
  next_attempt_at INTEGER,
  due_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (org_id, webhook_id, id);
-- When the sweep looks at a row again: to wake a pending one, to delete a finished one.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (status, due_at);
