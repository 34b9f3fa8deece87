-- Packs of products, orders that wait for their buyer's word, and how long goods for a buyer must keep.
ALTER TABLE products ADD COLUMN packs TEXT;
ALTER TABLE orders ADD COLUMN answer_by INTEGER;
ALTER TABLE link_terms ADD COLUMN min_shelf_life_days INTEGER;
