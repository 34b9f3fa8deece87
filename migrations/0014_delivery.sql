-- How many attempts are under way to an endpoint, and what waits for them to end.
ALTER TABLE webhook_deliveries ADD COLUMN leased_until INTEGER;
ALTER TABLE webhook_deliveries ADD COLUMN parked_at INTEGER;
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (org_id, webhook_id, leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX webhook_deliveries_parked ON webhook_deliveries (org_id, webhook_id, parked_at) WHERE parked_at IS NOT NULL;

-- Organizations that the sweep looks after, each by itself, so that one that stays behind hides no other.
CREATE TABLE event_laggards (
  org_id TEXT NOT NULL,
  look_at INTEGER NOT NULL,
  PRIMARY KEY (org_id)
) WITHOUT ROWID;
CREATE INDEX event_laggards_look_at ON event_laggards (look_at);
INSERT INTO event_laggards (org_id, look_at) SELECT DISTINCT org_id, 0 FROM event_retries;
DROP INDEX event_retries_retry_at;

-- Mails of one type to one person are counted by the hour.
ALTER TABLE mail_outbox ADD COLUMN event_type TEXT;
CREATE INDEX mail_outbox_recent ON mail_outbox (org_id, user_id, event_type, created_at);
