-- Imports: who started which, and how each ended. How far one is while it runs its own object knows.
CREATE TABLE import_jobs (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  file_id TEXT NOT NULL,
  supplier_id TEXT,
  started_by_kind TEXT NOT NULL,
  started_by TEXT NOT NULL,
  started_by_name TEXT NOT NULL,
  home_org_id TEXT NOT NULL,
  ip_address TEXT,
  user_agent TEXT,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  reason TEXT,
  errors_file_id TEXT,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  due_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
-- The sweep looks for those that nobody began or that lie still; the clean-up for those that are long over.
CREATE INDEX import_jobs_due ON import_jobs (due_at) WHERE finished_at IS NULL;
CREATE INDEX import_jobs_finished ON import_jobs (finished_at) WHERE finished_at IS NOT NULL;
-- How many an organization has under way.
CREATE INDEX import_jobs_open ON import_jobs (org_id) WHERE finished_at IS NULL;
