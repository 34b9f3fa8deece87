-- Lots that are used up stay as rows and are no stock: whoever lists stock walks by these, and reads none of them.
-- `stock_levels_location` stays until no deployed Worker names it.
ALTER TABLE stock_levels ADD COLUMN is_shown INTEGER;
UPDATE stock_levels SET is_shown = lot_id = '' OR on_hand_milli <> 0 OR incoming_milli <> 0;
CREATE INDEX stock_levels_shown_by_location ON stock_levels (org_id, location_id, product_id, lot_id) WHERE is_shown = 1;
CREATE INDEX stock_levels_shown_by_product ON stock_levels (org_id, product_id, location_id, lot_id) WHERE is_shown = 1;
