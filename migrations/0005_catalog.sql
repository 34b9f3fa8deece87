-- Catalog: products with their price and availability in one row, and their full-text index.
CREATE TABLE products (
  row INTEGER PRIMARY KEY,
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  sku TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  category TEXT NOT NULL,
  unit TEXT NOT NULL,
  quantity_step_milli INTEGER NOT NULL,
  price_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  min_order_milli INTEGER NOT NULL,
  min_stock_milli INTEGER NOT NULL,
  stock_milli INTEGER NOT NULL,
  stock_seq INTEGER NOT NULL,
  is_active INTEGER NOT NULL,
  images TEXT NOT NULL,
  archived_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  generation INTEGER NOT NULL
);
CREATE UNIQUE INDEX products_org_id_id ON products (org_id, id);
-- A buyer asks for a product by its id alone; whose it is decides whether the buyer may see it.
CREATE INDEX products_id ON products (id);
CREATE INDEX products_name ON products (org_id, is_active, name, id);
CREATE INDEX products_category ON products (org_id, is_active, category, name, id);
CREATE INDEX products_price ON products (org_id, is_active, price_minor, id);

-- `org` holds the 26 characters of the organization's id, so that a search names its organizations in the MATCH.
CREATE VIRTUAL TABLE products_fts USING fts5 (
  org, sku, name, description, category,
  content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER products_fts_insert AFTER INSERT ON products BEGIN
  INSERT INTO products_fts (rowid, org, sku, name, description, category)
  VALUES (NEW.row, substr(NEW.org_id, 5), NEW.sku, NEW.name, NEW.description, NEW.category);
END;
CREATE TRIGGER products_fts_delete AFTER DELETE ON products BEGIN
  DELETE FROM products_fts WHERE rowid = OLD.row;
END;
CREATE TRIGGER products_fts_update AFTER UPDATE ON products
WHEN OLD.sku IS NOT NEW.sku OR OLD.name IS NOT NEW.name OR OLD.description IS NOT NEW.description OR OLD.category IS NOT NEW.category
BEGIN
  DELETE FROM products_fts WHERE rowid = OLD.row;
  INSERT INTO products_fts (rowid, org, sku, name, description, category)
  VALUES (NEW.row, substr(NEW.org_id, 5), NEW.sku, NEW.name, NEW.description, NEW.category);
END;
