-- Lots that are used up stay as rows and are no stock: whoever lists stock walks by these, and reads none of them.
DROP INDEX stock_levels_location;
CREATE INDEX stock_levels_location ON stock_levels (org_id, location_id, product_id, lot_id) WHERE (lot_id = '' OR on_hand_milli <> 0 OR incoming_milli <> 0);
CREATE INDEX stock_levels_product ON stock_levels (org_id, product_id, location_id, lot_id) WHERE (lot_id = '' OR on_hand_milli <> 0 OR incoming_milli <> 0);
