-- Units by the place that they are at.
CREATE INDEX stock_units_location ON stock_units (org_id, location_id, id);
