-- The product hub: families and identities; variants, which are products; and what bundles are made of.
CREATE TABLE families (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  code INTEGER NOT NULL CHECK (code BETWEEN 0 AND 99999),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX families_code ON families (org_id, code);

CREATE TABLE identities (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  family_id TEXT NOT NULL,
  type TEXT NOT NULL,
  lci INTEGER CHECK (lci BETWEEN 1 AND 99),
  upis_h TEXT NOT NULL,
  hex_signature TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id, family_id) REFERENCES families (org_id, id),
  CHECK ((type = 'PART') = (lci IS NOT NULL))
) WITHOUT ROWID;
-- The UPIS-H holds family, type and number: one index keeps all three from coming twice.
CREATE UNIQUE INDEX identities_upis_h ON identities (org_id, upis_h);
CREATE INDEX identities_family ON identities (org_id, family_id, upis_h);
CREATE TRIGGER identities_are_immutable BEFORE UPDATE ON identities BEGIN
  SELECT RAISE(ABORT, 'identities are immutable');
END;

-- Numbers of parts that requests on their way have been given, so that two at once are given two.
CREATE TABLE part_number_holds (
  org_id TEXT NOT NULL,
  family_id TEXT NOT NULL,
  lci INTEGER NOT NULL,
  held_until INTEGER NOT NULL,
  PRIMARY KEY (org_id, family_id, lci)
) WITHOUT ROWID;

-- A variant is a product that was made from an identity.
ALTER TABLE products ADD COLUMN identity_id TEXT;
ALTER TABLE products ADD COLUMN color TEXT;
ALTER TABLE products ADD COLUMN size TEXT;
ALTER TABLE products ADD COLUMN condition TEXT;
CREATE INDEX products_variants ON products (org_id, id) WHERE identity_id IS NOT NULL AND archived_at IS NULL;
CREATE INDEX products_identity ON products (org_id, identity_id, id) WHERE identity_id IS NOT NULL AND archived_at IS NULL;
CREATE INDEX products_variant_sku ON products (org_id, sku) WHERE identity_id IS NOT NULL AND archived_at IS NULL;

-- Projection: what bundles are made of, written by the ledger's relay alone. One that was taken out stays, with the time.
CREATE TABLE bundle_components (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  parent_id TEXT NOT NULL,
  child_id TEXT NOT NULL,
  quantity_milli INTEGER NOT NULL,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
CREATE INDEX bundle_components_live ON bundle_components (org_id, id) WHERE removed_at IS NULL;
CREATE INDEX bundle_components_parent ON bundle_components (org_id, parent_id, id) WHERE removed_at IS NULL;
CREATE INDEX bundle_components_child ON bundle_components (org_id, child_id, id) WHERE removed_at IS NULL;
