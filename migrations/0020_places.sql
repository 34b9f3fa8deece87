-- The places that an organization sees, and those of others that it runs: without those that it ceased to run, and archived ones.
CREATE INDEX locations_open ON locations (org_id, id) WHERE is_current = 1 AND archived_at IS NULL;
-- Unique as its key is, and said so: without that SQLite sorts what is walked place by place in this order.
CREATE UNIQUE INDEX locations_operated ON locations (org_id, id) WHERE side = 'buyer' AND is_current = 1;
