-- Files: what lies in the bucket, whose it is and who may see it; one row for each organization that may.
CREATE TABLE files (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  status TEXT NOT NULL,
  name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  width INTEGER,
  height INTEGER,
  uploaded_by TEXT NOT NULL,
  subject_kind TEXT,
  subject_id TEXT,
  seen_by TEXT,
  due_at INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
-- What the sweep looks at: uploads under way, files that belong to nothing, files on their way out.
CREATE INDEX files_due_at ON files (due_at) WHERE due_at IS NOT NULL;
-- A buyer asks for a product's image by its id alone; whose product it is decides whether the buyer may see it.
CREATE INDEX files_of_products ON files (id) WHERE subject_kind = 'product';

-- What an organization's own files take together, uploads under way included: counted here, since a sum would read them all.
CREATE TABLE file_usage (
  org_id TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (org_id)
) WITHOUT ROWID;

-- How far the walk over the bucket came.
CREATE TABLE file_sweeps (
  name TEXT PRIMARY KEY NOT NULL,
  cursor TEXT
) WITHOUT ROWID;

-- Files that the organization handed in for its verification.
ALTER TABLE organizations ADD COLUMN kyb_documents TEXT;
