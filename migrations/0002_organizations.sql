-- Organizations: the tenants themselves.
CREATE TABLE organizations (
  id TEXT PRIMARY KEY NOT NULL,
  routing INTEGER NOT NULL UNIQUE,
  name TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  capabilities TEXT NOT NULL,
  kyb_status TEXT NOT NULL,
  kyb_reason TEXT,
  status TEXT NOT NULL,
  settings TEXT NOT NULL,
  is_supplier INTEGER NOT NULL,
  version INTEGER NOT NULL,
  ledger_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
-- The directory: active suppliers by name, whatever its case.
CREATE INDEX organizations_directory ON organizations (is_supplier, status, name COLLATE NOCASE, id);
-- The platform's list, also by how far the verification has come.
CREATE INDEX organizations_kyb_status ON organizations (kyb_status, id);
-- Organizations whose ledger has not yet heard of their last change.
CREATE INDEX organizations_unsent ON organizations (id) WHERE ledger_version < version;

-- The platform's own: where super_admins and their audit trail live. It never sells or buys.
INSERT INTO organizations VALUES (
  'org_00000000000000000000000000', 0, 'Waybill platform', 'waybill-platform', '[]', 'VERIFIED', NULL, 'ACTIVE',
  '{"currency":"USD","time_zone":"UTC","share_stock":false,"require_kyb_for_link_approval":false}', 0, 1, 1, 0, 0
);
