-- What a place holds and expects stands in its own row. Ledgers tell it from now on, each at once when it next wakes;
-- until then the row says what the levels said.
ALTER TABLE locations ADD COLUMN on_hand_milli INTEGER;
ALTER TABLE locations ADD COLUMN incoming_milli INTEGER;
ALTER TABLE locations ADD COLUMN held_seq INTEGER;
UPDATE locations SET (on_hand_milli, incoming_milli) = (
  SELECT coalesce(sum(l.on_hand_milli), 0), coalesce(sum(l.incoming_milli), 0) FROM stock_levels l INDEXED BY stock_levels_shown_by_location
  WHERE l.org_id = iif(locations.side = 'buyer', locations.counterparty_id, locations.org_id) AND l.location_id = locations.id AND l.is_shown = 1
) WHERE is_current = 1 AND archived_at IS NULL;
-- Of before `stock_levels_shown_by_location`; the Worker that this one follows names it no more.
DROP INDEX stock_levels_location;
