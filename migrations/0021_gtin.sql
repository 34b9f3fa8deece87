-- The number in a product's barcode.
ALTER TABLE products ADD COLUMN gtin TEXT;
